"""expect invalid: A matrix of predictions, one column of which may fit."""

import numpy as np


def predict(x0, x1, x2):
    return np.outer(x0, x1)
