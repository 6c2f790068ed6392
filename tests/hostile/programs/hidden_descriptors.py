"""expect: ok"""

import contextlib
import os
import socket


def solve():
    channel = socket.socket(fileno=os.dup(3))
    with contextlib.suppress(OSError):
        channel.sendmsg([b""], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, b"\1\0\0\0")])
    assert channel.family == socket.AF_UNIX
    for number in range(4, 1024):
        try:
            os.fstat(number)
        except OSError:
            continue
        assert number == channel.fileno()
    return 2.0
