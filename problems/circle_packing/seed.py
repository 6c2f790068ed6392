"""A naive packing: equal circles on one ring."""

import math


# EVOLVE-BLOCK-START
def pack(n: int) -> list[list[float]]:
    """Return n circles [x, y, radius] in the unit square."""
    reach = 0.3
    radius = min(0.5 - reach, reach * math.sin(math.pi / max(n, 2)))
    circles = []
    for k in range(n):
        angle = 2 * math.pi * k / n
        circles.append([0.5 + reach * math.cos(angle), 0.5 + reach * math.sin(angle), radius])
    return circles


# EVOLVE-BLOCK-END
