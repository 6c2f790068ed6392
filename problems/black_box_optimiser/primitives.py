"""Building blocks of step rules: arithmetic on numbers and arrays. None of them knows about optimisation."""

from __future__ import annotations

from evolve_problems._shared.arithmetic import add, divide, exp, maximum, minimum, multiply, subtract, where_less

__all__ = ["COMMUTATIVE", "add", "divide", "exp", "maximum", "minimum", "multiply", "subtract", "where_less"]

COMMUTATIVE = {"add", "maximum", "minimum", "multiply"}
