"""expect: ok"""

import ctypes


def solve():
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.shmget(0, 4096, 0o1600) == -1
    assert libc.semget(4712, 1, 0o1600) == -1
    assert libc.msgget(4713, 0o1600) == -1
    try:
        queue = ctypes.CDLL("librt.so.1", use_errno=True)
    except OSError:
        return 2.0
    assert queue.mq_open(b"/evolve-note", 0o102, 0o600, None) == -1
    return 2.0
