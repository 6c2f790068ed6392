"""A few operations on numbers."""

from __future__ import annotations

import numpy as np

from evolve.primitives import primitive

__all__ = ["COMMUTATIVE", "add", "interpolate", "larger", "multiply", "sine", "square", "subtract"]

COMMUTATIVE = {"add", "multiply", "larger"}


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
def sine(x: float) -> float:
    """Return the sine."""
    return np.sin(x)


@primitive()
def square(x: float) -> float:
    """Return x * x."""
    return x * x


@primitive()
def larger(x: float, y: float) -> float:
    """Return the larger one."""
    return np.maximum(x, y)


@primitive()
def interpolate(x: float, y: float, a: float) -> float:
    """Return (1 - a) x + a y."""
    return (1 - a) * x + a * y
