"""expect: error: Too many open files"""

import os


def solve():
    while True:
        os.open("/dev/null", os.O_RDONLY)
