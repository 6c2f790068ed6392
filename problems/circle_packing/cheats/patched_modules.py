"""expect invalid: Patches what a judge in the same process would compute with."""

import fractions
import itertools
import math

import numpy as np


def pack(n):
    math.hypot = math.dist = lambda *_: 9.0
    math.fsum = lambda _: 9.0
    itertools.combinations = lambda *_: iter(())
    np.sqrt = np.hypot = lambda *a: np.full(np.shape(a[0]), 9.0)
    fractions.Fraction.__gt__ = lambda *_: False
    return [[0.5, 0.5, 0.5] for _ in range(n)]
