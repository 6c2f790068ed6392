"""expect killed: it ends the process in the middle of the search."""

import os


def heuristic(state):
    os._exit(0)
