"""expect: invalid: ndarray"""

import numpy


def solve():
    return numpy.full((3, 3), numpy.nan)
