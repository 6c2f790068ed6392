"""expect: timeout: longer than"""

import os
import time

from evolve.sandbox.wire import encode


def solve():
    for byte in b"".join(encode(["value", 2.0, 0.0])):
        os.write(3, bytes([byte]))
        time.sleep(0.1)
