"""expect: timeout: longer than"""

import signal


def solve():
    for number in range(1, 32):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_IGN)
    return sum(range(10**12))
