"""expect: killed: SIGABRT|killed: SIGSEGV"""

import os


def solve():
    os.abort()
