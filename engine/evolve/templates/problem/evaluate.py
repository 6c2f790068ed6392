"""Points in the unit square: the smallest distance between two of them counts."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations
from typing import Any

from evolve import Candidate, Instance, Outcome, Verdict


def instances(n: int = 5) -> list[Instance]:
    """Return what programs are judged on: one number of points."""
    return [Instance(f"n{n}", {"n": n})]


def evaluate(candidate: Candidate, instance: Instance) -> Outcome:
    """Judge the points that a program answers; take nothing on trust."""
    points = candidate.call("spread", instance.n)  # runs in the sandbox, plain data comes back
    if not is_spread(points, instance.n):
        return Outcome.invalid(f"spread({instance.n}) must return {instance.n} pairs of numbers from 0 to 1")
    nearest = min(math.dist(p, q) for p, q in combinations(points, 2))
    width = max(x for x, _ in points) - min(x for x, _ in points)
    return Outcome.ok(nearest, measures={"width": width}, feedback=f"nearest pair {nearest:.4f}", solution=points)


def verify(solution: Any, instance: Instance) -> Verdict:
    """Check a solution in exact arithmetic; share no code with `evaluate`."""
    points = [[Fraction(x) for x in point] for point in solution]
    if len(points) != instance.n or any(len(p) != 2 or min(p) < 0 or max(p) > 1 for p in points):
        return Verdict.refused(f"not {instance.n} points of the unit square")
    square = min((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 for p, q in combinations(points, 2))
    root = math.sqrt(square)
    while Fraction(root) ** 2 > square:  # round towards the worse side
        root = math.nextafter(root, 0.0)
    return Verdict.ok(root, "exact, in fractions")


def is_spread(points: Any, n: int) -> bool:
    """Tell whether an answer is a list of n pairs of numbers from 0 to 1; NaN is not from 0 to 1."""
    if not isinstance(points, list) or len(points) != n:
        return False
    pairs = all(isinstance(point, list) and len(point) == 2 for point in points)
    return pairs and all(isinstance(x, int | float) and 0 <= x <= 1 for point in points for x in point)
