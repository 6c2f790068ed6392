"""expect: ok"""

import ctypes
import os
import platform


def solve():
    libc = ctypes.CDLL(None, use_errno=True)
    if platform.machine() != "x86_64":
        return 2.0
    me = os.getpid()
    nothing = [ctypes.c_long(0)] * 4
    arguments = (ctypes.c_uint64 * 11)(0, 0, 0, 0, 17)
    ways = [(56, ctypes.c_long(17), *nothing), (57,), (58,), (435, arguments, ctypes.c_long(88))]
    ways += [(56, ctypes.c_long(namespaces | 17), *nothing) for namespaces in (0x10000000, 0x20000000, 0x7E020000)]
    for number, *rest in ways:
        done = libc.syscall(ctypes.c_long(number), *rest)
        if done == 0 and os.getpid() != me:
            os._exit(0)
        assert done == -1, number
    return 2.0
