"""`TopK`: the k best trials, one of each behaviour class, or of each structure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal

from numpy.random import Generator
from pydantic import Field

from evolve import AddStatus, Archive, Trial
from evolve.fingerprint import structure_key
from evolve_plugins.archives.ranking import Ranked, class_of, rank

__all__ = ["TopK"]


@dataclass
class TopK(Archive):
    """Keep the k best trials, no two of the same class. Between equals the older stays.

    Args:
        k: how many trials are kept.
        distinct: what no two of them share: the "class", or the "structure", which is the program without its numbers.
            Where numbers are tuned, the k best are otherwise one structure k times, and a new one, whose numbers nobody
            has tuned yet, finds no place.

    Reference: Whitley, "The GENITOR algorithm and selection pressure", ICGA 1989.
    """

    k: Annotated[int, Field(gt=0)] = 50
    distinct: Literal["class", "structure"] = "class"
    _kept: Ranked = field(default_factory=Ranked, init=False, repr=False)
    _kinds: dict[str, Trial] = field(default_factory=dict, init=False, repr=False)

    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        """Keep the trial when there is room for its kind, or when it is fitter than the one it would replace."""
        if trial.fitness is None:
            return AddStatus.REJECTED
        kind = self._kind(trial)
        loser = self._kinds.get(kind)
        if loser is None and len(self._kept) >= self.k:
            loser = self._kept.worst
        if loser is not None:
            if rank(loser)[0] <= -trial.fitness:
                return AddStatus.REJECTED
            self._kept.remove(loser)
            del self._kinds[self._kind(loser)]
        self._kept.add(trial)
        self._kinds[kind] = trial
        return AddStatus.NEW if loser is None else AddStatus.IMPROVED

    def _kind(self, trial: Trial) -> str:
        return class_of(trial) if self.distinct == "class" else structure_key(trial.program)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)
