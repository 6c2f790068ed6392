"""expect invalid: NaN wins or loses every comparison, whichever way a judge writes it."""

import numpy as np


def priority(item, room):
    return np.where(room == item, np.nan, item - room)
