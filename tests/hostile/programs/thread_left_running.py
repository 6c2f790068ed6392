"""expect: ok"""

import atexit
import threading


def forever():
    while True:
        pass


def solve():
    threading.Thread(target=forever).start()
    atexit.register(forever)
    return 2.0
