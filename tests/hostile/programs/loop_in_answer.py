"""expect: timeout: longer than"""


class Endless(dict):
    def items(self):
        while True:
            pass


def solve():
    return Endless()
