"""What the programs may call."""

from __future__ import annotations

import math

from evolve import primitive

COMMUTATIVE = {"add", "multiply"}


@primitive()
def add(x: float, y: float) -> float:
    """Return x + y."""
    return x + y


@primitive()
def subtract(x: float, y: float) -> float:
    """Return x - y."""
    return x - y


@primitive()
def multiply(x: float, y: float) -> float:
    """Return x * y."""
    return x * y


@primitive()
def bent(x: float) -> float:
    """Return the hyperbolic tangent of x."""
    return math.tanh(x)
