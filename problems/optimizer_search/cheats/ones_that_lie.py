"""expect invalid: An array class that shows the judge other numbers than it holds."""

import numpy as np


class Lying(np.ndarray):
    def __array_finalize__(self, other):
        pass

    def tolist(self):
        return [0.0] * 3


def update(w, g, lr, v1, v2):
    return np.full((len(w), 2), 0.5).view(Lying), v1, v2
