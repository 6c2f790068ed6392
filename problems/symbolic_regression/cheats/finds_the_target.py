"""expect error: Looks for the measured targets in its process, and for the judge; there are neither."""

import gc
import sys

import numpy as np


def predict(x0, x1, x2):
    judges = [module for name, module in sys.modules.items() if name.startswith("evaluate")]
    if judges:
        return judges[0].rows("gravity", "", "train")[1]
    others = [a for a in gc.get_objects() if type(a) is np.ndarray and a.shape == x0.shape and a is not x0]
    return [a for a in others if a is not x1 and a is not x2][0]
