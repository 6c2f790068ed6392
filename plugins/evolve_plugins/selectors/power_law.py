"""`PowerLaw`: the chance to become a parent falls with a power of the rank."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.random import Generator
from pydantic import Field

from evolve import Selection, Selector, Trial
from evolve_plugins.selectors.drawing import weighted

__all__ = ["PowerLaw"]


@dataclass
class PowerLaw(Selector):
    """Draw the trial of rank r (1 is the best) with a probability in proportion to r ** -alpha.

    Args:
        alpha: 0 draws uniformly, a large one takes the best.
        parents: how many distinct parents are picked, as far as there are that many.
        inspirations: how many of the best other trials are shown besides.

    Reference: Lange, Imajuku and Cetin, "ShinkaEvolve: towards open-ended and sample-efficient program evolution",
        arXiv:2509.19349, 2025.
    """

    alpha: Annotated[float, Field(ge=0)] = 1.0
    parents: Annotated[int, Field(gt=0)] = 2
    inspirations: Annotated[int, Field(ge=0)] = 0

    def select(self, archive: Iterable[Trial], rng: Generator) -> Selection:
        """Pick parents by rank, and the best of the others as inspirations."""
        pool = list(archive)
        logs = -self.alpha * np.log(np.arange(1.0, len(pool) + 1))
        return weighted(pool, logs, self.parents, self.inspirations, rng)
