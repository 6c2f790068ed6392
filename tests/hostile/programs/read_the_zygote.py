"""expect: ok"""

import ctypes
import os


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def solve():
    libc = ctypes.CDLL(None, use_errno=True)
    room = ctypes.create_string_buffer(4096)
    here = Vector(ctypes.addressof(room), 4096)
    for pid in (os.getppid(), 1, 2, os.getpid() - 1):
        for address in (id(object), ctypes.addressof(room)):
            there = Vector(address, 4096)
            read = libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
            assert read == -1 or pid == os.getpid(), pid
        for request in (16, 0x4206):
            assert libc.ptrace(request, pid, 0, 0) == -1 or pid == os.getpid()
    return 2.0
