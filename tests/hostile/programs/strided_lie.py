"""expect: ok|error|invalid"""

import numpy


def solve():
    array = numpy.lib.stride_tricks.as_strided(numpy.zeros(1), shape=(1 << 20,), strides=(0,))
    return [array[:4], array[:0]]
