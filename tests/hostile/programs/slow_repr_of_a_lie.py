"""expect: error: not plain data"""


class Lie:
    def __repr__(self):
        while True:
            pass

    __str__ = __format__ = __len__ = __iter__ = __repr__


def solve():
    return Lie()
