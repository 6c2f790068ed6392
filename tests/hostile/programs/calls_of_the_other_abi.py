"""expect: ok"""

import ctypes

X32 = 0x40000000


def solve():
    libc = ctypes.CDLL(None, use_errno=True)
    for number in (57, 56, 41, 59, 62, 101, 520, 521):
        assert libc.syscall(ctypes.c_long(X32 + number), *[ctypes.c_long(0)] * 6) == -1
    return 2.0
