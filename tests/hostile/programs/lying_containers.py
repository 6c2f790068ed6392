"""expect: invalid: dict"""

import numpy


class Mapping(dict):
    def __getitem__(self, key):
        return 1e9

    def __len__(self):
        return 0


class Text(str):
    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


class Array(numpy.ndarray):
    def __array_finalize__(self, parent):
        self.flags.writeable = True

    def __array_ufunc__(self, *args, **kwargs):
        return 1e9

    def sum(self, *args, **kwargs):
        return 1e9


def solve():
    return Mapping(text=Text("a"), array=numpy.zeros(3).view(Array), items=[Text("b")])
