"""expect: ok"""

import os
import sys


def solve():
    for _ in range(1 << 12):
        sys.stdout.write("x" * (1 << 18))
    try:
        os.write(1, b"x" * (1 << 20))
    except BlockingIOError:
        return 2.0
