"""expect: error: not plain data"""

import os


class Bomb:
    def __reduce__(self):
        return os.system, ("touch /tmp/evolve-note",)

    __reduce_ex__ = __getstate__ = __getnewargs__ = lambda self, *_: self.__reduce__()


def solve():
    return {"harmless": [Bomb()]}
