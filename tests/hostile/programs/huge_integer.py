"""expect: error: bits"""


def solve():
    return 1 << 10**6
