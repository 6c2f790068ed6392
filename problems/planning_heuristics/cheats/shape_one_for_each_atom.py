"""expect invalid: an array with a number for each atom."""

import numpy as np


def heuristic(state):
    return np.ones(len(state["atoms"]))
