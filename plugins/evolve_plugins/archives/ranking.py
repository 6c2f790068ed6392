"""How archives order trials, and how they tell them apart."""

from __future__ import annotations

from evolve import Trial

__all__ = ["class_of", "rank"]


def class_of(trial: Trial) -> str:
    """Return what tells a trial apart from its equals: its class key, or its text where it has none."""
    return trial.class_key or trial.program.digest


def rank(trial: Trial) -> tuple[float, int]:
    """Return a sorting key: the fitter first, and between equals the older.

    Args:
        trial: a valid trial.
    """
    assert trial.fitness is not None
    return -trial.fitness, trial.number
