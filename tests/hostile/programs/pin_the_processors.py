"""expect: ok"""

import os


def solve():
    for pid in (0, os.getppid(), 1):
        try:
            os.sched_setaffinity(pid, {0})
        except OSError:
            continue
    for policy in (os.SCHED_FIFO, os.SCHED_RR):
        try:
            os.sched_setscheduler(0, policy, os.sched_param(99))
        except OSError:
            continue
        raise AssertionError("real time")
    return 2.0
