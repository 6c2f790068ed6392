"""expect: ok"""

import os


def solve():
    inherited = []
    for number in range(4096):
        try:
            os.fstat(number)
        except OSError:
            continue
        inherited.append(number)
    assert inherited == [0, 1, 2, 3], inherited
    assert os.read(0, 1) == b""
    return 2.0
