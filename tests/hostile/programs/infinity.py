"""expect: invalid: inf"""


def solve():
    return -float("inf")
