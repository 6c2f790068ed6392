"""`BestOnly`: the best trial and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from numpy.random import Generator

from evolve import AddStatus, Archive, Trial
from evolve_plugins.archives.ranking import rank

__all__ = ["BestOnly"]


@dataclass
class BestOnly(Archive):
    """Keep the best trial; a newcomer must be strictly fitter. Every child is one of its children: hill climbing.

    Reference: Muehlenbein, "How genetic algorithms really work: mutation and hillclimbing", PPSN II, 1992, the
        (1+1) scheme.
    """

    _best: Trial | None = field(default=None, init=False, repr=False)

    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        """Keep the trial when it is the first, or fitter than the one kept."""
        if trial.fitness is None or (self._best is not None and rank(self._best)[0] <= -trial.fitness):
            return AddStatus.REJECTED
        status = AddStatus.NEW if self._best is None else AddStatus.IMPROVED
        self._best = trial
        return status

    def __iter__(self) -> Iterator[Trial]:
        return iter(() if self._best is None else (self._best,))
