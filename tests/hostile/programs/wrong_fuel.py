"""expect: ok"""

from evolve.primitives import meter


def solve():
    meter.used = float("-inf")
    meter.units = float("inf")
    return 2.0
