"""Circles in the unit square, judged in rationals: read an answer, repair rounding, measure it.

A float is a rational, so a packing of floats is disjoint or it is not: no tolerance is needed to say so. What honest
numerics get wrong by a rounding error is repaired by making circles smaller, never by looking away.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

__all__ = ["Circle", "Misfit", "asymmetry", "contacts", "evenness", "read_circles", "repair", "round_down"]

Circle = tuple[float, float, float]
"""x, y, radius of a circle."""

REPAIRABLE = 1e-9
"""The largest miss, in sides of the square, that is repaired."""
_SCREEN = 1e-12  # pairs further apart than this in floating point are apart: the error of that is below 1e-15
_SHOWN = 3


class Misfit(ValueError):
    """An answer is no packing; the text says why, for the author of the program."""


def read_circles(answer: Any, n: int) -> list[Circle]:
    """Return an answer as n circles, or refuse it. The shape, the types and n are the judge's to say.

    Args:
        answer: what the program returned: n rows of three numbers, as lists or as a numeric array.
        n: how many circles were asked for.

    Raises:
        Misfit: it is anything else, or a number is not in [0, 1]; NaN and infinity are not.
    """
    rows = answer.tolist() if hasattr(answer, "tolist") else answer
    if type(rows) is not list:
        raise Misfit(f"return {n} rows of x, y, radius, not {type(rows).__name__}")
    if len(rows) != n:
        raise Misfit(f"{n} circles were asked for, {len(rows)} came")
    circles = []
    for index, row in enumerate(rows):
        if type(row) is not list or len(row) != 3:
            raise Misfit(f"row {index} is not three numbers x, y, radius")
        for name, value in zip(("x", "y", "radius"), row, strict=True):
            if type(value) not in (int, float):
                raise Misfit(f"{name} of circle {index} is of type {type(value).__name__}, not a number")
            if not 0 <= value <= 1:
                said = repr(value) if type(value) is float else "an integer"
                raise Misfit(f"{name} of circle {index} is {said}, which is not within 0 and 1")
        circles.append((float(row[0]), float(row[1]), float(row[2])))
    return circles


def repair(circles: Sequence[Circle]) -> tuple[list[Circle], float]:
    """Return circles that fit exactly, with radii made smaller where they missed by at most `REPAIRABLE`.

    A radius becomes the largest that fits (at a wall), or the two radii of a pair give half of the miss each; then it
    is rounded down to a float. Circles that fit come back unchanged.

    Args:
        circles: (x, y, radius), all within [0, 1].

    Returns:
        The circles, and the largest miss that was repaired, in sides of the square (0.0 when none was).

    Raises:
        Misfit: a miss is larger than that.
    """
    centres = [(Fraction(x), Fraction(y)) for x, y, _ in circles]
    radii = [Fraction(r) for _, _, r in circles]
    rooms = [min(x, 1 - x, y, 1 - y) for x, y in centres]
    pairs = [(i, j, _distance_below(centres[i], centres[j])) for i, j in _near(circles)]
    misses = [(radii[i] - room, f"circle {i} sticks out of the square") for i, room in enumerate(rooms)]
    misses += [(radii[i] + radii[j] - apart, f"circles {i} and {j} overlap") for i, j, apart in pairs]
    worst = _refuse(misses)
    radii = [min(r, room) for r, room in zip(radii, rooms, strict=True)]
    for i, j, apart in pairs:
        excess = radii[i] + radii[j] - apart
        if excess > 0:
            given = max(min(excess / 2, radii[i]), excess - radii[j])
            radii[i], radii[j] = radii[i] - given, radii[j] - (excess - given)
    fitted = [(x, y, round_down(r)) for (x, y, _), r in zip(circles, radii, strict=True)]
    return fitted, worst


def _refuse(misses: list[tuple[Fraction, str]]) -> float:
    """Return the largest miss, or refuse with the worst ones in words."""
    bad = sorted((miss for miss in misses if miss[0] > REPAIRABLE), reverse=True)
    if bad:
        more = f"; {len(bad) - _SHOWN} more such" if len(bad) > _SHOWN else ""
        raise Misfit("; ".join(f"{text} by {float(miss):.3g}" for miss, text in bad[:_SHOWN]) + more)
    return max(0.0, float(max(misses)[0])) if misses else 0.0


def round_down(value: Fraction) -> float:
    """Return the largest float that is not above a rational."""
    near = float(value)
    return near if Fraction(near) <= value else math.nextafter(near, -math.inf)


def contacts(circles: Sequence[Circle], slack: float = 1e-7) -> list[tuple[int, int]]:
    """Return who touches whom: pairs of circles, and pairs of a circle and a wall.

    The walls are -1 (left), -2 (right), -3 (lower) and -4 (upper).

    Args:
        circles: (x, y, radius).
        slack: the gap that still counts as touching, in sides of the square.
    """
    walls = [
        (i, wall)
        for i, (x, y, r) in enumerate(circles)
        for wall, gap in ((-1, x - r), (-2, 1 - x - r), (-3, y - r), (-4, 1 - y - r))
        if gap <= slack
    ]
    return walls + list(_near(circles, slack))


def evenness(circles: Sequence[Circle]) -> float:
    """Return the entropy of the radii, as shares of their sum, over its largest value: up to 1, when all are equal."""
    total = math.fsum(r for _, _, r in circles)
    if len(circles) < 2 or not total > 0:
        return 1.0
    shares = [r / total for _, _, r in circles if r > 0]
    return min(1.0, max(0.0, -math.fsum(s * math.log(s) for s in shares if s > 0) / math.log(len(circles))))


def asymmetry(circles: Sequence[Circle]) -> float:
    """Return how far the mean centre, weighted by radius, lies off the vertical middle line: 0 to 1 (at a wall)."""
    total = math.fsum(r for _, _, r in circles)
    return min(1.0, abs(math.fsum(r * (2 * x - 1) for x, _, r in circles)) / total) if total > 0 else 0.0


def _near(circles: Sequence[Circle], slack: float = _SCREEN) -> list[tuple[int, int]]:
    """Return the pairs whose gap is at most `slack` in floating point."""
    return [
        (i, j)
        for (i, (x, y, r)), (j, (u, v, s)) in combinations(enumerate(circles), 2)
        if math.hypot(x - u, y - v) - (r + s) <= slack
    ]


def _distance_below(a: tuple[Fraction, Fraction], b: tuple[Fraction, Fraction]) -> Fraction:
    """Return the distance of two points, or where that is irrational a rational below it, within 2**-128."""
    squared = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2
    top, bottom = squared.numerator, squared.denominator
    return Fraction(math.isqrt((top * bottom) << 256), bottom << 128)
