"""expect: timeout|killed|error: PermissionError"""

import os
import signal


def solve():
    os.kill(os.getpid(), signal.SIGSTOP)
    while True:
        pass
