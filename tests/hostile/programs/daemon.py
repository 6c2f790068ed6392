"""expect: error: PermissionError|ok"""

import os
import time


def solve():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(0)
    return 2.0
