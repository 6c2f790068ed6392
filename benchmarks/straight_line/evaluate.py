"""A judge that has next to nothing to do."""

from __future__ import annotations

from evolve import Candidate, Instance, Outcome

POINTS = [0.1 * k for k in range(10)]


def evaluate(candidate: Candidate, instance: Instance) -> Outcome:
    """Score a program by one answer."""
    score = candidate.call("answer", 0.25)
    return Outcome.ok(score, measures={"score": score})


def probe(candidate: Candidate) -> list[float]:
    """Return ten answers."""
    return [candidate.call("answer", x) for x in POINTS]
