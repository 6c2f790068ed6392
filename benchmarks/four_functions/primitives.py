"""The four functions of the rules: a part of those of `problems/optimizer_search`."""

from evolve_problems.optimizer_search.primitives import add, interp, multiply, sign

COMMUTATIVE = {"add", "multiply"}

__all__ = ["COMMUTATIVE", "add", "interp", "multiply", "sign"]
