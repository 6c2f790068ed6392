"""expect: error: RecursionError|memory: memory|killed: signal|timeout: longer than"""

import sys


def solve(depth=0):
    sys.setrecursionlimit(10**9)
    return solve(depth + 1) + 1
