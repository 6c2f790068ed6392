"""expect: error: not plain data"""


def solve():
    return [1.0, (x for x in "ab")]
