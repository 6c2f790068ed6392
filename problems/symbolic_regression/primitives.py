"""Building blocks of formulas: arithmetic, elementwise on numbers and arrays."""

from __future__ import annotations

from evolve_problems._shared.arithmetic import (
    add,
    cosine,
    divide,
    exp,
    log,
    multiply,
    power,
    sine,
    sqrt,
    square,
    subtract,
)

__all__ = [
    "COMMUTATIVE",
    "add",
    "cosine",
    "divide",
    "exp",
    "log",
    "multiply",
    "power",
    "sine",
    "sqrt",
    "square",
    "subtract",
]

COMMUTATIVE = {"add", "multiply"}
