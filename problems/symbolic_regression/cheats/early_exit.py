"""expect killed: Ends its process with the exit code of success."""

import os


def predict(x0, x1, x2):
    os._exit(0)
