"""expect invalid: An array class that shows the judge other numbers than it holds."""

import numpy as np


def grid(n):
    side = 1
    while side * side < n:
        side += 1
    r = 0.5 / side
    return [[(2 * (k % side) + 1) * r, (2 * (k // side) + 1) * r, r] for k in range(n)]


class Lying(np.ndarray):
    def tolist(self):
        return grid(len(self))

    def __array__(self, *args, **kwargs):
        return np.array(grid(len(self)))


def pack(n):
    return np.full((n, 3), 0.5).view(Lying)
