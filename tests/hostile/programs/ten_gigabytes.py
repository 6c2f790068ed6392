"""expect: memory: memory"""

import numpy


def solve():
    return numpy.ones(10 * 2**27)
