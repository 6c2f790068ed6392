"""expect invalid: An array full of NaN passes every test of the form `overlap > tolerance`."""

import numpy as np


def pack(n):
    return np.full((n, 3), np.nan)
