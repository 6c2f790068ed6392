"""Building blocks of update rules: elementwise mathematics, and a few functions of whole vectors.

A value is a number or a flat vector, and both mix as in NumPy. The judge may also hand over several trainings at once:
then a vector is a row of an array, a number that differs by training a column, and each row gets what it would get by
itself. Every function is total: roots and logarithms are of the
absolute value, a divisor has 1e-8 added, inverse functions clip what lies outside their domain. NaN and infinity may
come out and are passed on; nothing raises. None of them knows an optimizer.

Reference: the functions are like those of Chen et al., "Symbolic discovery of optimization algorithms",
arXiv:2302.06675, 2023.

This file runs on the candidate's side of the border; it needs numpy and the standard library only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evolve.primitives import primitive

COMMUTATIVE = {"add", "multiply", "maximum", "minimum", "dot", "cosine_similarity"}
"""Functions that take their arguments in any order."""

GUARD = 1e-8
"""What division adds to the divisor."""

_block = primitive(cost=0.05, memo=False)
np.seterr(all="ignore")  # NaN and infinity are answers here; once, since to switch at each call takes as long as a call


@_block
def absolute(x: float) -> float:
    """Return |x|."""
    return np.absolute(x)


@_block
def sign(x: float) -> float:
    """Return 1 where x is positive, -1 where it is negative, 0 where it is 0."""
    return np.sign(x)


@_block
def square(x: float) -> float:
    """Return x squared."""
    return np.square(x)


@_block
def cube(x: float) -> float:
    """Return x to the third power."""
    return x * np.square(x)


@_block
def sqrt(x: float) -> float:
    """Return the square root of |x|."""
    return np.sqrt(np.absolute(x))


@_block
def cbrt(x: float) -> float:
    """Return the real cube root of x."""
    return np.cbrt(x)


@_block
def reciprocal(x: float) -> float:
    """Return 1 / (x + 1e-8)."""
    return np.true_divide(1.0, x + GUARD)


@_block
def exp(x: float) -> float:
    """Return e to the power x."""
    return np.exp(x)


@_block
def expm1(x: float) -> float:
    """Return e to the power x, less 1."""
    return np.expm1(x)


@_block
def log(x: float) -> float:
    """Return the natural logarithm of |x|."""
    return np.log(np.absolute(x))


@_block
def log1p(x: float) -> float:
    """Return the natural logarithm of 1 + |x|."""
    return np.log1p(np.absolute(x))


@_block
def sin(x: float) -> float:
    """Return the sine of x, in radians."""
    return np.sin(x)


@_block
def cos(x: float) -> float:
    """Return the cosine of x, in radians."""
    return np.cos(x)


@_block
def tan(x: float) -> float:
    """Return the tangent of x, in radians."""
    return np.tan(x)


@_block
def arcsin(x: float) -> float:
    """Return the angle whose sine is x, clipped to -1..1 first."""
    return np.arcsin(np.minimum(np.maximum(x, -1.0), 1.0))


@_block
def arccos(x: float) -> float:
    """Return the angle whose cosine is x, clipped to -1..1 first."""
    return np.arccos(np.minimum(np.maximum(x, -1.0), 1.0))


@_block
def arctan(x: float) -> float:
    """Return the angle whose tangent is x."""
    return np.arctan(x)


@_block
def sinh(x: float) -> float:
    """Return the hyperbolic sine of x."""
    return np.sinh(x)


@_block
def cosh(x: float) -> float:
    """Return the hyperbolic cosine of x."""
    return np.cosh(x)


@_block
def tanh(x: float) -> float:
    """Return the hyperbolic tangent of x."""
    return np.tanh(x)


@_block
def arcsinh(x: float) -> float:
    """Return the number whose hyperbolic sine is x."""
    return np.arcsinh(x)


@_block
def arctanh(x: float) -> float:
    """Return the number whose hyperbolic tangent is x, clipped to -0.999999..0.999999 first."""
    return np.arctanh(np.minimum(np.maximum(x, -0.999999), 0.999999))


@_block
def add(x: float, y: float) -> float:
    """Return x + y."""
    return x + y


@_block
def subtract(x: float, y: float) -> float:
    """Return x - y."""
    return x - y


@_block
def multiply(x: float, y: float) -> float:
    """Return x * y, coordinate by coordinate."""
    return x * y


@_block
def divide(x: float, y: float) -> float:
    """Return x / (y + 1e-8)."""
    return np.true_divide(x, y + GUARD)


@_block
def power(x: float, y: float) -> float:
    """Return |x| to the power y."""
    return np.power(np.absolute(x), y)


@_block
def maximum(x: float, y: float) -> float:
    """Return the larger one, coordinate by coordinate."""
    return np.maximum(x, y)


@_block
def minimum(x: float, y: float) -> float:
    """Return the smaller one, coordinate by coordinate."""
    return np.minimum(x, y)


@_block
def interp(x: float, y: float, a: float) -> float:
    """Return (1 - a) * x + a * y: a moving average of x when y is the old one."""
    return (1.0 - a) * x + a * y


@_block
def dot(x: float, y: float) -> float:
    """Return the sum of the products of coordinates."""
    return _sum(np.multiply(x, y))


@_block
def norm(x: float) -> float:
    """Return the Euclidean length of x."""
    return np.sqrt(_sum(np.square(x)))


@_block
def cosine_similarity(x: float, y: float) -> float:
    """Return the cosine of the angle between x and y."""
    lengths = _sum(np.square(x)) * _sum(np.square(y))
    return np.true_divide(_sum(np.multiply(x, y)), np.sqrt(lengths) + GUARD)


@_block
def clip_by_norm(x: float, limit: float) -> float:
    """Return x, shortened to the length |limit| where it is longer; a vector of limits counts with its own length."""
    length, most = np.sqrt(_sum(np.square(x))), np.sqrt(_sum(np.square(limit)))
    return x * np.minimum(1.0, np.true_divide(most, length + GUARD))


def _sum(x: Any) -> Any:
    """Return the sum over a vector's coordinates, or over each row's, which is then a column."""
    return np.add.reduce(x, axis=-1, keepdims=True) if x.ndim > 1 else np.add.reduce(x, axis=-1)
