"""expect invalid: A slot of state that has room for all weights and gradients so far."""

import numpy as np


def update(w, g, lr, v1, v2):
    seen = np.atleast_1d(v1)
    return lr * g, np.concatenate([seen, w, g]), v2
