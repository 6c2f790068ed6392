"""expect: ok"""

import os
import threading
import time

from evolve.sandbox.wire import encode


def talk():
    frame = b"".join(encode(["value", 99.0, 0.0]))
    while True:
        time.sleep(0.001)
        os.write(3, frame)


def solve():
    threading.Timer(0.05, talk).start()
    return 2.0
