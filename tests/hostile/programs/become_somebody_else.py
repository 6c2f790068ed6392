"""expect: ok"""

import ctypes
import os


def solve():
    me = os.getuid()
    for uid in (0, 1, 1000, 65534):
        for change in (os.setuid, os.seteuid, os.setgid, lambda x: os.setresuid(x, x, x), lambda x: os.setgroups([x])):
            try:
                change(uid)
            except OSError:
                continue
    libc = ctypes.CDLL(None, use_errno=True)
    for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x8000000):
        assert libc.unshare(flag) == -1
    assert libc.setns(0, 0) == -1
    assert os.getuid() == me
    for path in ("/etc/shadow", "/root", "/etc/passwd"):
        try:
            os.open(path, os.O_RDONLY)
        except OSError:
            continue
        raise AssertionError(path)
    return 2.0
