"""expect: killed: exited with code 0 without an answer"""

import os


def solve():
    os.write(3, b"EVW1\x10")
    os._exit(0)
