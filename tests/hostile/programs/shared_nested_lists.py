"""expect: error: lists and dicts"""


def solve():
    value = [0.0]
    for _ in range(40):
        value = [value, value]
    return value
