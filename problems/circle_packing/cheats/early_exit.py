"""expect killed: Ends its process with the exit code of success."""

import os


def pack(n):
    os._exit(0)
