"""expect: ok"""

import os
import socket


def solve():
    for family, address in (
        (socket.AF_UNIX, "\0evolve-note"),
        (socket.AF_UNIX, "/tmp/evolve-note"),
        (socket.AF_INET, ("127.0.0.1", 22)),
        (socket.AF_INET6, ("::1", 22)),
    ):
        for act in ("bind", "connect"):
            try:
                with socket.socket(family, socket.SOCK_STREAM) as attempt:
                    getattr(attempt, act)(address)
            except OSError:
                continue
            raise AssertionError(address)
    try:
        ours, theirs = socket.socketpair()
    except OSError:
        return 2.0
    for socket_of_ours in (ours, theirs):
        try:
            socket_of_ours.sendto(b"x", "\0evolve-note")
        except OSError:
            continue
        raise AssertionError("sent")
    assert os.fstat(ours.fileno())
    return 2.0
