"""expect: ok|memory|killed|error"""

import ctypes
import mmap


def solve():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mlockall(3)
    shared = []
    try:
        for _ in range(64):
            shared.append(mmap.mmap(-1, 64 << 20))
            for offset in range(0, 64 << 20, 4096):
                shared[-1][offset] = 1
    except (OSError, MemoryError, ValueError):
        shared.clear()
        return 2.0
