"""expect: error: ValueError: xxx"""


def solve():
    raise ValueError("x" * 10_000_000)
