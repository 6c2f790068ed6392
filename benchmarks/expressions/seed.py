"""Where the search starts; every child of it is a random program."""

from __future__ import annotations


def answer(x: float, y: float) -> float:
    """Return a height of the surface."""
    return x + y
