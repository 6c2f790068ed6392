"""expect invalid: A step that is not a number counts as no evaluation, some hope."""

import numpy as np


def step(z, last, sigma, success):
    return z * np.nan, sigma
