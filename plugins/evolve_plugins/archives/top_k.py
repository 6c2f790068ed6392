"""`TopK`: the k best trials, one of each behaviour class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from numpy.random import Generator
from pydantic import Field

from evolve import AddStatus, Archive, Trial
from evolve_plugins.archives.ranking import Ranked, class_of, rank

__all__ = ["TopK"]


@dataclass
class TopK(Archive):
    """Keep the k best trials, no two of the same class. Between equals the older stays.

    Args:
        k: how many trials are kept.

    Reference: Whitley, "The GENITOR algorithm and selection pressure", ICGA 1989.
    """

    k: Annotated[int, Field(gt=0)] = 50
    _kept: Ranked = field(default_factory=Ranked, init=False, repr=False)
    _classes: dict[str, Trial] = field(default_factory=dict, init=False, repr=False)

    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        """Keep the trial when there is room for its class, or when it is fitter than the one it would replace."""
        if trial.fitness is None:
            return AddStatus.REJECTED
        loser = self._classes.get(class_of(trial))
        if loser is None and len(self._kept) >= self.k:
            loser = self._kept.worst
        if loser is not None:
            if rank(loser)[0] <= -trial.fitness:
                return AddStatus.REJECTED
            self._kept.remove(loser)
            del self._classes[class_of(loser)]
        self._kept.add(trial)
        self._classes[class_of(trial)] = trial
        return AddStatus.NEW if loser is None else AddStatus.IMPROVED

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)
