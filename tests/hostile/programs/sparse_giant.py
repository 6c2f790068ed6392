"""expect: error: allowed|memory"""

import numpy


def solve():
    return numpy.broadcast_to(numpy.zeros(1), (1 << 30,))
