"""expect: timeout: longer than"""

import time


def solve():
    time.sleep(1000)
