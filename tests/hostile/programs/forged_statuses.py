"""expect: error: no answer to a call"""

import os

from evolve.sandbox.wire import encode


def solve():
    os.write(3, b"".join(encode(["ok", "it is fine", 0.0])))
    return 3.0
