"""expect poor: It answers from a table of the training rows that it made up, and has nothing for others."""

import numpy as np


def predict(x0, x1, x2):
    return np.random.default_rng(len(x0)).normal(size=len(x0))
