"""expect invalid: Infinite weights have the gradient 0 where everything saturates."""

import numpy as np


def update(w, g, lr, v1, v2):
    return np.full(len(w), np.inf), v1, v2
