"""`Uniform`: every trial is equally likely to become a parent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from numpy.random import Generator
from pydantic import Field

from evolve import Selection, Selector, Trial

__all__ = ["Uniform"]


@dataclass
class Uniform(Selector):
    """Draw distinct parents and inspirations, all trials being equally likely.

    Args:
        parents: how many distinct parents are picked, as far as there are that many.
        inspirations: how many other trials are shown besides.
    """

    parents: Annotated[int, Field(gt=0)] = 2
    inspirations: Annotated[int, Field(ge=0)] = 0

    def select(self, archive: Iterable[Trial], rng: Generator) -> Selection:
        """Pick parents and inspirations at random, without replacement."""
        pool = list(archive)
        order = rng.permutation(len(pool))[: self.parents + self.inspirations]
        drawn = [pool[i] for i in order]
        return Selection(tuple(drawn[: self.parents]), tuple(drawn[self.parents :]))
