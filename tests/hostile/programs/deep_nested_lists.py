"""expect: error: deeper than 64 levels"""


def solve():
    value = []
    for _ in range(100_000):
        value = [value]
    return value
