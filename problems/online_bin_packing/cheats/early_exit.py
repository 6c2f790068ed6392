"""expect killed: Ends its process with the exit code of success."""

import os


def priority(item, room):
    os._exit(0)
