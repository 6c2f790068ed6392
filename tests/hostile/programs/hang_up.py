"""expect: killed: hung up"""

import os


def solve():
    os.close(3)
    while True:
        pass
