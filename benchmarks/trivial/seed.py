"""A program of ordinary length, so that hashing, class keys and the record have something to do."""

from __future__ import annotations

import math


def smooth(values: list[float], width: int) -> list[float]:
    """Return a moving average."""
    out = []
    for i in range(len(values)):
        low, high = max(0, i - width), min(len(values), i + width + 1)
        out.append(sum(values[low:high]) / (high - low))
    return out


def answer() -> float:
    """Return a number that depends on one constant."""
    scale = 0
    values = [math.sin(scale * k / 7.0) for k in range(20)]
    for _ in range(3):
        values = smooth(values, 2)
    values = [abs(v) for v in values] if scale % 2 == 0 else sorted(values)
    return max(values) - min(values)
