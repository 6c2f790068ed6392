"""expect: killed: exited with code 0 without an answer"""

import os


def solve():
    os._exit(0)
