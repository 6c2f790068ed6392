"""Judge of circle packing: n disjoint circles in the unit square, the sum of their radii as large as possible."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from evolve_problems._shared import packing
from evolve_problems._shared.drawing import draw_packing

from evolve import Candidate, Instance, Outcome, Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def instances(n: int = 26) -> list[Instance]:
    """Return a tiny instance that filters broken programs, and the one that counts."""
    if type(n) is not int or n < 1:
        raise ValueError(f"params.n is {n!r}; it is the number of circles, a whole number from 1")
    return [Instance("smoke", {"n": 5 if n != 5 else 4}), Instance(f"n{n}", {"n": n}, weight=max(1.0, n / 5))]


def evaluate(candidate: Candidate, instance: Instance) -> Outcome:
    """Return the sum of the radii of what the program packs, certified in exact arithmetic."""
    try:
        answer = packing.read_circles(candidate.call("pack", instance.n), instance.n)
        circles, miss = packing.repair(answer)
    except packing.Misfit as fault:
        return Outcome.invalid(str(fault))
    score = packing.round_down(sum((Fraction(r) for _, _, r in circles), Fraction()))
    touching = packing.contacts(circles)
    degree = [sum(i in pair for pair in touching) for i in range(len(circles))]
    loose = [i for i, count in enumerate(degree) if count < 3]
    return Outcome.ok(
        score,
        metrics={"repaired_by": miss, "contacts": len(touching), "smallest": min(r for *_, r in circles)},
        measures={
            "contacts": min(4.0, len(touching) / len(circles)),  # a rigid packing has 3; in [0, 4]
            "evenness": packing.evenness(circles),  # in [0, 1]
            "asymmetry": packing.asymmetry(circles),  # in [0, 1]
        },
        feedback=f"{len(touching)} contacts for {3 * len(circles)} unknowns. "
        + (f"{len(loose)} circles have fewer than 3 and can move or grow, such as {loose[:5]}." if loose else ""),
        solution=[list(circle) for circle in circles],
    )


def probe(candidate: Candidate) -> list[list[list[float]]]:
    """Return the program's packings of 5, 9, 26 and 32 circles, rounded and in a fixed order."""
    answers = [packing.read_circles(candidate.call("pack", n), n) for n in (5, 9, 26, 32)]
    return [sorted([round(value, 9) for value in circle] for circle in circles) for circles in answers]


def verify(solution: Any, instance: Instance) -> Verdict:
    """Check a packing once more in integers: every coordinate times a common power of two, every pair, no tolerance."""
    rows = solution if type(solution) is list else []
    if len(rows) != instance.n or not all(type(row) is list and [type(v) for v in row] == [float] * 3 for row in rows):
        return Verdict.refused(f"the solution is not {instance.n} rows of three floats")
    if not all(math.isfinite(v) for row in rows for v in row):
        return Verdict.refused("the solution holds NaN or infinity")
    one = max((v.as_integer_ratio()[1] for row in rows for v in row), default=1)
    scaled = [[v.as_integer_ratio()[0] * (one // v.as_integer_ratio()[1]) for v in row] for row in rows]
    for i, (x, y, r) in enumerate(scaled):
        if r < 0 or x < r or y < r or x + r > one or y + r > one:
            return Verdict.refused(f"circle {i} leaves the square or has a negative radius")
        for j, (u, v, s) in enumerate(scaled[:i]):
            if (x - u) * (x - u) + (y - v) * (y - v) < (r + s) * (r + s):
                return Verdict.refused(f"circles {j} and {i} overlap")
    total = sum(r for _, _, r in scaled)
    value = total / one  # the nearest float
    top, bottom = value.as_integer_ratio()
    if top * one > total * bottom:
        value = math.nextafter(value, 0.0)
    detail = f"{instance.n} circles, all {instance.n * (instance.n - 1) // 2} pairs apart in integers"
    certificate = {"unit": str(one), "circles": [[str(v) for v in row] for row in scaled], "sum": str(total)}
    return Verdict.ok(value, detail, certificate)


def draw(solution: Any, instance: Instance) -> Figure:
    """Return a picture of a packing."""
    circles = [(float(x), float(y), float(r)) for x, y, r in solution]
    title = f"{instance.n} circles, sum of radii {math.fsum(r for _, _, r in circles):.10f}"
    figure: Figure = draw_packing(circles, title)
    return figure
