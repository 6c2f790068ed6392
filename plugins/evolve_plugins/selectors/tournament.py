"""`Tournament`: the best of a few trials drawn at random becomes a parent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from numpy.random import Generator
from pydantic import Field

from evolve import Selection, Selector, Trial

__all__ = ["Tournament"]


@dataclass
class Tournament(Selector):
    """Draw `size` trials with replacement and take the best; each further parent comes from those not yet taken.

    Args:
        size: trials per tournament; 1 draws uniformly, a large one takes the best.
        parents: how many distinct parents are picked, as far as there are that many.
        inspirations: how many of the best other trials are shown besides.

    Reference: Goldberg and Deb, "A comparative analysis of selection schemes", FOGA 1991.
    """

    size: Annotated[int, Field(gt=0)] = 3
    parents: Annotated[int, Field(gt=0)] = 2
    inspirations: Annotated[int, Field(ge=0)] = 0

    def select(self, archive: Iterable[Trial], rng: Generator) -> Selection:
        """Pick parents by tournament, and the best of the others as inspirations."""
        pool = list(archive)
        chosen = [
            pool.pop(int(rng.integers(0, len(pool), size=self.size).min())) for _ in range(min(self.parents, len(pool)))
        ]
        return Selection(tuple(chosen), tuple(pool[: self.inspirations]))
