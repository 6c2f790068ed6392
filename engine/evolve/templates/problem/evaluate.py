"""Points in the unit square: the smallest distance between two of them counts."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations
from typing import Any

from evolve import Candidate, Instance, Outcome, Verdict, strict


def instances(n: int = 5) -> list[Instance]:
    """Return what programs are judged on: one number of points."""
    return [Instance(f"n{n}", {"n": n})]


def evaluate(candidate: Candidate, instance: Instance) -> Outcome:
    """Judge the points that a program answers; take nothing on trust."""
    answer = candidate.call("spread", instance.n)  # runs in the sandbox, plain data comes back
    points = strict.numbers(answer, shape=(instance.n, 2), low=0.0, high=1.0)  # anything else is invalid
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
