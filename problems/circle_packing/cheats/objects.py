"""expect error: An array of objects, which only unpickling could read."""

import numpy as np


def pack(n):
    return np.array([[object()] * 3 for _ in range(n)])
