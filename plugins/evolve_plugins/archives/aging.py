"""`Aging`: the newest trials; good ones live on only in their children."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from numpy.random import Generator
from pydantic import Field

from evolve import AddStatus, Archive, Trial
from evolve_plugins.archives.ranking import Ranked

__all__ = ["Aging"]


@dataclass
class Aging(Archive):
    """Keep the newest valid trials, whatever their fitness: a newcomer pushes out the oldest.

    With the selector `tournament` and `parents = 1` this is regularised evolution; the paper's tournaments have 25 of
    100 members. The best trial of the run may leave: `evolve show` still has it.

    Args:
        size: how many trials the population has.

    Reference: Real, Aggarwal, Huang and Le, "Regularized evolution for image classifier architecture search",
        AAAI 2019. There the first population is random; here it grows from the seeds.
    """

    size: Annotated[int, Field(gt=0)] = 100
    _queue: deque[Trial] = field(default_factory=deque, init=False, repr=False)
    _ranked: Ranked = field(default_factory=Ranked, init=False, repr=False)

    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        """Take the trial in, and let the oldest go when there is no room."""
        if trial.fitness is None or trial in self._ranked:
            return AddStatus.REJECTED
        self._queue.append(trial)
        self._ranked.add(trial)
        if len(self._queue) > self.size:
            self._ranked.remove(self._queue.popleft())
        return AddStatus.NEW

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._ranked)

    def __len__(self) -> int:
        return len(self._ranked)
