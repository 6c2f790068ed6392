"""expect invalid: Small unsigned integers wrap around in sums and differences."""

import numpy as np


def pack(n):
    return np.full((n, 3), 255, dtype=np.uint8)
