"""Building blocks of rules for online bin packing: arithmetic, elementwise on numbers and arrays.

None of them knows anything about packing. This file runs on the candidate's side of the border, too.
"""

from __future__ import annotations

from evolve_problems._shared.arithmetic import (
    absolute,
    add,
    divide,
    exp,
    log,
    maximum,
    minimum,
    multiply,
    power,
    sqrt,
    square,
    subtract,
    tanh,
    where_less,
)

__all__ = [
    "COMMUTATIVE",
    "absolute",
    "add",
    "divide",
    "exp",
    "log",
    "maximum",
    "minimum",
    "multiply",
    "power",
    "sqrt",
    "square",
    "subtract",
    "tanh",
    "where_less",
]

COMMUTATIVE = {"add", "multiply", "maximum", "minimum"}
