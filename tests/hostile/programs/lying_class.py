"""expect: error: TypeError"""


class Chameleon:
    __class__ = float


def solve():
    return Chameleon()
