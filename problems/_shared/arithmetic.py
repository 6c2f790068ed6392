"""Building blocks that compute with numbers: total, pure, and elementwise on arrays.

A problem's `primitives.py` imports those that its programs may use. Each takes numbers or arrays that broadcast, for
any mixture of finite and non-finite values, raises nothing and writes into nothing. Where mathematics has no answer
there is a convention, which the function's first line says.

This file runs on the candidate's side of the border, too; it needs numpy and the standard library only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ParamSpec, TypeVar, cast

import numpy as np

from evolve.primitives import Range, primitive

__all__ = [
    "absolute",
    "add",
    "cosine",
    "divide",
    "elementwise",
    "exp",
    "log",
    "maximum",
    "minimum",
    "multiply",
    "negate",
    "power",
    "sine",
    "sqrt",
    "square",
    "subtract",
    "tanh",
    "where_less",
]

P = ParamSpec("P")
R = TypeVar("R")

_LARGEST_EXPONENT = 50.0


def elementwise(function: Callable[P, R]) -> Callable[P, R]:
    """Declare a function as a cheap building block in which overflow and the like give infinity or NaN in silence.

    Args:
        function: pure and elementwise; it raises nothing.
    """
    return primitive(cost=0.01, memo=False)(np.errstate(all="ignore")(function))


@elementwise
def add(a: float, b: float) -> float:
    """Return a + b."""
    return a + b


@elementwise
def subtract(a: float, b: float) -> float:
    """Return a - b."""
    return a - b


@elementwise
def multiply(a: float, b: float) -> float:
    """Return a * b."""
    return a * b


@elementwise
def divide(a: float, b: float) -> float:
    """Return a / b, and 0 where b is 0."""
    return _where(np.equal(b, 0.0), 0.0, np.divide(a, b))


@elementwise
def negate(a: float) -> float:
    """Return -a."""
    return -a


@elementwise
def absolute(a: float) -> float:
    """Return |a|."""
    return abs(a)


@elementwise
def square(a: float) -> float:
    """Return a * a."""
    return a * a


@elementwise
def power(a: float, n: Annotated[int, Range(2, 6)]) -> float:
    """Return a to the whole power n, from 2 to 6."""
    product = a
    for _ in range(min(max(int(n), 2), 6) - 1):
        product = product * a
    return product


@elementwise
def sqrt(a: float) -> float:
    """Return the square root of |a|."""
    root: float = np.sqrt(np.abs(a))
    return root


@elementwise
def log(a: float) -> float:
    """Return the natural logarithm of |a|, and 0 where a is 0."""
    logarithm: float = np.log(_where(np.equal(a, 0.0), 1.0, np.abs(a)))
    return logarithm


@elementwise
def exp(a: float) -> float:
    """Return e to the power a, with a clipped to -50 and 50."""
    value: float = np.exp(np.clip(a, -_LARGEST_EXPONENT, _LARGEST_EXPONENT))
    return value


@elementwise
def tanh(a: float) -> float:
    """Return the hyperbolic tangent of a."""
    value: float = np.tanh(a)
    return value


@elementwise
def sine(a: float) -> float:
    """Return the sine of a, in radians."""
    value: float = np.sin(a)
    return value


@elementwise
def cosine(a: float) -> float:
    """Return the cosine of a, in radians."""
    value: float = np.cos(a)
    return value


@elementwise
def maximum(a: float, b: float) -> float:
    """Return the larger one."""
    larger: float = np.maximum(a, b)
    return larger


@elementwise
def minimum(a: float, b: float) -> float:
    """Return the smaller one."""
    smaller: float = np.minimum(a, b)
    return smaller


@elementwise
def where_less(a: float, b: float, x: float, y: float) -> float:
    """Return x where a < b, and y elsewhere."""
    return _where(np.less(a, b), x, y)


def _where(condition: bool, x: float, y: float) -> float:
    """Return x where the condition holds and y elsewhere: a number when all three are numbers."""
    chosen: Any = np.where(condition, x, y)
    return cast("float", chosen[()])
