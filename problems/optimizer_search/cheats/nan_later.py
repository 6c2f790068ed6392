"""expect worse: Starts well, and answers NaN once its state tells that the first step is over."""

import numpy as np


def update(w, g, lr, v1, v2):
    return np.where(v1 > 0.0, np.nan, lr * g), v1 + 1.0, v2
