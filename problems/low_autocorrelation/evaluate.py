"""Judge of low autocorrelation binary sequences: the merit factor of what a program finds."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from evolve import Candidate, Instance, Outcome, Verdict, strict


def instances(n: int = 41) -> list[Instance]:
    """Return one instance: one length."""
    if type(n) is not int or n < 2:
        raise ValueError(f"params.n is {n!r}; it is the length of the sequence, a whole number from 2")
    return [Instance(f"n{n}", {"n": n})]


def evaluate(candidate: Candidate, instance: Instance) -> Outcome:
    """Return n * n / 2E, where E is the sum of the squared autocorrelations; E is a whole number, exactly known."""
    n = instance.n
    signs = strict.integers(candidate.call("sequence", n), shape=(n,), low=-1, high=1)
    if 0 in signs:
        return Outcome.invalid(f"place {signs.index(0)} is 0; each must be 1 or -1")
    sums = [sum(signs[i] * signs[i + k] for i in range(n - k)) for k in range(1, n)]
    energy = sum(c * c for c in sums)
    worst = max(range(n - 1), key=lambda k: abs(sums[k]))
    return Outcome.ok(
        n * n / (2 * energy),
        metrics={"energy": energy, "peak": abs(sums[worst])},
        measures={
            "balance": sum(signs) / n,
            "changes": sum(a != b for a, b in pairwise(signs)) / n,
        },
        feedback=f"energy {energy}; the largest autocorrelation is {sums[worst]}, at distance {worst + 1}",
        solution=signs,
    )


def verify(solution: Any, instance: Instance) -> Verdict:
    """Check once more by one product of two large integers, whose digits are the autocorrelations."""
    n = instance.n
    if not isinstance(solution, list) or len(solution) != n or any(type(s) is not int or s * s != 1 for s in solution):
        return Verdict.refused(f"the solution is not {n} times 1 or -1")
    base = 1 << (n.bit_length() + 2)
    forth = sum(s * base**i for i, s in enumerate(solution))
    back = sum(s * base**i for i, s in enumerate(reversed(solution)))
    product = forth * back + sum(n * base**i for i in range(2 * n - 1))  # n on each digit keeps them all positive
    digits = [product // base**i % base - n for i in range(2 * n - 1)]
    energy = sum(c * c for c in digits[: n - 1])
    value = n * n / (2 * energy)
    if digits[n - 1] != n or 2 * energy != sum(c * c for c in digits) - n * n:
        return Verdict.refused("the digits of the product do not add up")
    return Verdict.ok(value, f"energy {energy} from one product of integers", solution)


def draw(solution: Any, instance: Instance) -> str:
    """Return the autocorrelations as bars, in SVG."""
    n = instance.n
    sums = [sum(solution[i] * solution[i + k] for i in range(n - k)) for k in range(n)]
    bars = "".join(
        f'<rect x="{k + 0.1}" y="{-max(c, 0)}" width="0.8" height="{max(0.1, math.fabs(c))}" fill="#27c"/>'
        for k, c in enumerate(sums)
    )
    box = f"0 {-n - 1} {n} {2 * n + 2}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="480" height="480">{bars}</svg>'
