"""expect invalid: Infinity for an exact fit: a division by zero that nobody guarded."""

import numpy as np


def priority(item, room):
    with np.errstate(divide="ignore"):
        return 1.0 / (room - item)
