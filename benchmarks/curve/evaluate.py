"""How far a curve is from a polynomial, on fifty points."""

from __future__ import annotations

from typing import Any

import numpy as np

from evolve import Candidate, Outcome

X, Y = np.linspace(-1.0, 1.0, 50), np.linspace(2.0, 3.0, 50)
WANTED = X**3 - X * Y + 0.5


def evaluate(candidate: Candidate, instance: Any) -> Outcome:
    """Score one program."""
    with np.errstate(all="ignore"):
        error = float(np.square(candidate.call("curve", X, Y) - WANTED).mean())
    return Outcome.ok(min(error, 1e9)) if error == error else Outcome.invalid("not a number")


def probe(candidate: Candidate) -> Any:
    """Answer five points."""
    with np.errstate(all="ignore"):
        return candidate.call("curve", X[::10], Y[::10]) + 0.0 * X[::10]
