"""expect: killed: SIGSEGV"""

import ctypes


def solve():
    ctypes.string_at(0)
