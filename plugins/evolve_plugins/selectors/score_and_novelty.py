"""`ScoreAndNovelty`: good trials with few children become parents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from numpy.random import Generator
from pydantic import Field

from evolve import AddStatus, Selection, Selector, Trial
from evolve_plugins.selectors.drawing import weighted

__all__ = ["ScoreAndNovelty"]


@dataclass
class ScoreAndNovelty(Selector):
    """Draw a trial in proportion to sigmoid(steepness * (fitness - midpoint)) / (1 + children).

    Only children that the archive took in count: a trial whose children all fail stays worth a try. They are those
    whose primary parent it is.

    Args:
        steepness: how sharply fitness counts, per unit of fitness, >= 0.
        midpoint: the fitness that counts half; the paper's values suit a share of solved tasks.
        parents: how many distinct parents are picked, as far as there are that many.
        inspirations: how many of the best other trials are shown besides.

    Reference: Zhang et al., "Darwin Goedel machine: open-ended evolution of self-improving agents",
        arXiv:2505.22954, 2025.
    """

    steepness: Annotated[float, Field(ge=0)] = 10.0
    midpoint: float = 0.5
    parents: Annotated[int, Field(gt=0)] = 1
    inspirations: Annotated[int, Field(ge=0)] = 0
    _children: Counter[int] = field(default_factory=Counter, init=False, repr=False)

    def select(self, archive: Iterable[Trial], rng: Generator) -> Selection:
        """Pick parents by fitness and number of children, and the best of the others as inspirations."""
        pool = list(archive)
        above = np.array([self.steepness * ((trial.fitness or 0.0) - self.midpoint) for trial in pool])
        children = np.array([self._children[trial.number] for trial in pool])
        logs = -np.logaddexp(0.0, -above) - np.log1p(children)
        return weighted(pool, logs, self.parents, self.inspirations, rng)

    def observe(self, trial: Trial, status: AddStatus) -> None:
        """Count a child that the archive took in."""
        if trial.parents and status is not AddStatus.REJECTED:
            self._children[trial.parents[0]] += 1
