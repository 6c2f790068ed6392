"""expect invalid: A hundred steps for one evaluation."""

import numpy as np


def step(z, last, sigma, success):
    return np.random.default_rng(1).normal(size=(100, *z.shape)), sigma
