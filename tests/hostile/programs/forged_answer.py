"""expect: ok"""

import os

from evolve.sandbox.wire import encode


def solve():
    os.write(3, b"".join(encode(["value", 2.0, 0.0])))
    os.write(3, b"".join(encode(["value", 99.0, 0.0])))
    return 3.0
