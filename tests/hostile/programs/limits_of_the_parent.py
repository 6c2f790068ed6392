"""expect: ok"""

import os
import resource


def solve():
    for pid in (os.getppid(), 1, os.getpid() - 1):
        if pid in (0, os.getpid()):
            continue
        try:
            resource.prlimit(pid, resource.RLIMIT_CPU, (1, 1))
        except OSError:
            continue
        raise AssertionError(pid)
    for change in (lambda: os.setpriority(os.PRIO_PROCESS, os.getppid() or 1, 19), lambda: os.nice(-5)):
        try:
            change()
        except OSError:
            continue
        raise AssertionError("priority")
    return 2.0
