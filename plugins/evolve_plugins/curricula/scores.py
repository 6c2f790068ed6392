"""How curricula read scores, which may be better when higher or when lower, and how they draw by weight."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from evolve import Trial

__all__ = ["direction", "drawn"]


def direction(trial: Trial) -> float:
    """Return 1 when the trial shows that higher scores are better, -1 when lower ones are, 0 when it does not show."""
    if not trial.score or not trial.fitness:
        return 0.0
    return 1.0 if trial.score == trial.fitness else -1.0


def drawn(logs: NDArray[np.float64], count: int, rng: Generator) -> list[int]:
    """Return places drawn one after the other by weight, without replacement.

    Args:
        logs: logarithm of each place's weight, in any scale.
        count: how many, as far as there are that many.
        rng: the random stream.

    Reference: Kool, van Hoof and Welling, "Stochastic beams and where to find them", ICML 2019.
    """
    return [int(i) for i in np.argsort(-(logs + rng.gumbel(size=len(logs))), kind="stable")[:count]]
