"""expect error: Objects that compare as they like."""

import numpy as np


class Best:
    def __lt__(self, other):
        return False

    def __neg__(self):
        return self


def priority(item, room):
    return np.array([Best() for _ in item], dtype=object)
