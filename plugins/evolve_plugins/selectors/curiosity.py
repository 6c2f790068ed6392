"""`Curiosity`: trials whose children found a place in the archive become parents again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from numpy.random import Generator
from pydantic import Field

from evolve import AddStatus, Selection, Selector, Trial
from evolve_plugins.selectors.drawing import weighted

__all__ = ["Curiosity"]


@dataclass
class Curiosity(Selector):
    """Draw in proportion to a score that starts at 0, rises with each child that the archive takes in, and falls else.

    Scores are counted from the lowest of them, or from 0 when none is below; equal scores are equally likely.

    Args:
        gain: added to the score of a child's primary parent when the archive takes the child in, > 0.
        loss: taken off when it does not, or when the child is not valid, >= 0.
        parents: how many distinct parents are picked, as far as there are that many.
        inspirations: how many of the best other trials are shown besides.

    Reference: Cully and Demiris, "Quality and diversity optimization: a unifying modular framework", IEEE Trans.
        Evolutionary Computation 22(2), 2018; the base of the scores is that of the authors' code, which takes the first
        trial when all scores are equal.
    """

    gain: Annotated[float, Field(gt=0)] = 1.0
    loss: Annotated[float, Field(ge=0)] = 0.5
    parents: Annotated[int, Field(gt=0)] = 2
    inspirations: Annotated[int, Field(ge=0)] = 0
    _scores: dict[int, float] = field(default_factory=dict, init=False, repr=False)

    def select(self, archive: Iterable[Trial], rng: Generator) -> Selection:
        """Pick parents by curiosity, and the best of the others as inspirations."""
        pool = list(archive)
        scores = np.array([self._scores.get(trial.number, 0.0) for trial in pool])
        above = scores - min(0.0, scores.min())
        with np.errstate(divide="ignore"):
            logs = np.log(above if above.any() else np.ones(len(pool)))
        return weighted(pool, logs, self.parents, self.inspirations, rng)

    def observe(self, trial: Trial, status: AddStatus) -> None:
        """Credit the primary parent of a child."""
        if trial.parents:
            change = -self.loss if status is AddStatus.REJECTED else self.gain
            self._scores[trial.parents[0]] = self._scores.get(trial.parents[0], 0.0) + change
