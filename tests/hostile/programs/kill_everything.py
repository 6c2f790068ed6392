"""expect: killed|error: PermissionError|ok"""

import os
import signal


def solve():
    for pid in (-1, 0, os.getppid(), 1, 2):
        if pid == os.getpid():
            continue
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            continue
    return 2.0
