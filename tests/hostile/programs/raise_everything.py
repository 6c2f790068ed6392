"""expect: error: program.py:12 in solve"""


class Nasty(BaseException):
    def __str__(self):
        raise self

    __repr__ = __str__


def solve():
    raise Nasty
