"""expect: ok"""

import ctypes
import os


def solve():
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.ptrace(16, os.getppid(), 0, 0) == -1
    try:
        os.open(f"/proc/{os.getppid()}/mem", os.O_RDONLY)
    except OSError:
        return 2.0
