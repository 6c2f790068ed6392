"""expect: error: dtype object"""

import numpy


def solve():
    return numpy.array([object(), 1.0], dtype=object)
