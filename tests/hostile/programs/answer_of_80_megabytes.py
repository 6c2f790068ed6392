"""expect: error: 8,388,608 are allowed"""

import numpy


def solve():
    return numpy.zeros(10**7)
