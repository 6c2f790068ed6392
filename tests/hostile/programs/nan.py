"""expect: invalid: nan"""


def solve():
    return float("nan")
