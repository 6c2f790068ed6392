"""expect invalid: Imaginary distances: their squares are negative, or compare by absolute value."""

import numpy as np


def grid(n):
    side = 1
    while side * side < n:
        side += 1
    r = 0.5 / side
    return [[(2 * (k % side) + 1) * r, (2 * (k // side) + 1) * r, r] for k in range(n)]


def pack(n):
    return np.array(grid(n)) * (1 + 1j)
