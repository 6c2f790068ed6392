"""expect: killed: SIGABRT"""

import os


def solve():
    os.abort()
