"""`Novelty`: keep what lies far from everything fitter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from numpy.random import Generator
from pydantic import Field

from evolve import AddStatus, Archive, Trial


@dataclass
class Novelty(Archive):
    """Keep a trial when nothing at least as fit lies near it.

    Args:
        measure: name of the measure that says where a trial lies.
        radius: trials closer than this are rivals, > 0.

    Reference: Lehman and Stanley, "Evolving a diversity of virtual creatures through novelty search and local
        competition", GECCO 2011.
    """

    measure: str
    radius: Annotated[float, Field(gt=0)] = 0.05
    _kept: list[Trial] = field(default_factory=list, init=False, repr=False)

    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        if trial.fitness is None:
            return AddStatus.REJECTED
        place = self._place(trial)
        rivals = [other for other in self._kept if abs(self._place(other) - place) < self.radius]
        if any((other.fitness or 0.0) >= trial.fitness for other in rivals):
            return AddStatus.REJECTED
        self._kept = sorted([t for t in self._kept if t not in rivals] + [trial], key=lambda t: -(t.fitness or 0.0))
        return AddStatus.IMPROVED if rivals else AddStatus.NEW

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._kept)

    def _place(self, trial: Trial) -> float:
        return trial.measures.get(self.measure, 0.0)
