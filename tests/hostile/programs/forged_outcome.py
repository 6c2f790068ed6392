"""expect: error: no answer to a call"""

import os

from evolve.sandbox.wire import encode


def solve():
    os.write(3, b"".join(encode({"status": "ok", "score": 1e9})))
    return 3.0
