"""expect: ok"""

import ctypes
import os


def solve():
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.shmget(4711, 4096, 0o1600) == -1
    try:
        os.memfd_create("note")
    except OSError:
        return 2.0
