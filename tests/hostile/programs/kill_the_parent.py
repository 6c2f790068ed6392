"""expect: error: PermissionError"""

import os
import signal


def solve():
    os.kill(os.getppid(), signal.SIGKILL)
    return 2.0
