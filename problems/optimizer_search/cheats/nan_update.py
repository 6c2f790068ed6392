"""expect invalid: NaN is neither better nor worse than anything."""

import numpy as np


def update(w, g, lr, v1, v2):
    return np.full(len(w), np.nan), v1, v2
