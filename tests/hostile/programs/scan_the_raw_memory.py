"""expect: ok"""

import ctypes
import os
import re


def solve():
    needle = bytes(letter ^ 1 for letter in b"b`o`sx")
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        with open("/proc/self/maps") as file:
            maps = file.read()
    except OSError:
        maps = ""
    hits = 0
    for low, high in re.findall(r"([0-9a-f]+)-([0-9a-f]+) rw", maps):
        data = ctypes.string_at(int(low, 16), int(high, 16) - int(low, 16))
        hits += data.count(b"EVOLVE_TEST_KEY=" + needle)
    environ = ctypes.c_void_p.in_dll(libc, "environ").value
    while environ:
        entry = ctypes.cast(environ, ctypes.POINTER(ctypes.c_char_p))[0]
        if entry is None:
            break
        hits += needle in entry
        environ += ctypes.sizeof(ctypes.c_void_p)
    assert not hits
    assert not os.environ
    return 2.0
