"""`Reservoir`: a fair sample of all trials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from numpy.random import Generator
from pydantic import Field

from evolve import AddStatus, Archive, Trial
from evolve_plugins.archives.ranking import Ranked

__all__ = ["Reservoir"]


@dataclass
class Reservoir(Archive):
    """Keep a random sample of the valid trials: each that was ever offered is kept with the same probability.

    It selects nothing, so it is what a search with an archive has to beat.

    Args:
        size: how many trials are kept.

    Reference: Vitter, "Random sampling with a reservoir", ACM Trans. Mathematical Software 11(1), 1985, algorithm R.
    """

    size: Annotated[int, Field(gt=0)] = 50
    _sample: list[Trial] = field(default_factory=list, init=False, repr=False)
    _ranked: Ranked = field(default_factory=Ranked, init=False, repr=False)
    _offered: int = field(default=0, init=False, repr=False)

    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        """Keep the i-th trial with probability size / i, in the place of any other."""
        if trial.fitness is None or trial in self._ranked:
            return AddStatus.REJECTED
        self._offered += 1
        if len(self._sample) < self.size:
            self._sample.append(trial)
        else:
            place = int(rng.integers(0, self._offered))
            if place >= self.size:
                return AddStatus.REJECTED
            self._ranked.remove(self._sample[place])
            self._sample[place] = trial
        self._ranked.add(trial)
        return AddStatus.NEW

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._ranked)

    def __len__(self) -> int:
        return len(self._ranked)
