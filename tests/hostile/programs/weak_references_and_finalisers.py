"""expect: ok"""

import atexit
import gc
import weakref


class Thing:
    def __del__(self):
        while True:
            pass


keep = [Thing() for _ in range(3)]


def forever(*args):
    while True:
        pass


def solve():
    weakref.finalize(keep[0], forever)
    weakref.ref(keep[1], forever)
    atexit.register(forever)
    gc.callbacks.append(lambda phase, info: None)
    return 2.0
