"""expect: error: PermissionError|timeout: longer than"""

import os


def solve():
    while True:
        os.fork()
