"""expect: timeout: longer than"""


def solve():
    while True:
        pass
