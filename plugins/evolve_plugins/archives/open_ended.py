"""`OpenEnded`: every trial that works stays, as a stepping stone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal

from numpy.random import Generator
from pydantic import Field

from evolve import AddStatus, Archive, Trial
from evolve_plugins.archives.ranking import Ranked

__all__ = ["OpenEnded"]


@dataclass
class OpenEnded(Archive):
    """Keep all valid trials, or those that are not clearly worse than where they came from. Nothing ever leaves.

    Args:
        keep: "all", or "better": a child's fitness must be at least that of `than`, less `leeway`.
        than: "initial", the first valid trial, as the released code has it; or "parent", the primary parent, and
            the first trial where the parent was not kept or there is none.
        leeway: what noise may take off, in units of the fitness, >= 0.

    Reference: Zhang et al., "Darwin Goedel machine: open-ended evolution of self-improving agents",
        arXiv:2505.22954, 2025; leeway 0.1 of a share of solved tasks as in the released code. Use it with the
        selector `score_and_novelty`.
    """

    keep: Literal["all", "better"] = "all"
    than: Literal["initial", "parent"] = "initial"
    leeway: Annotated[float, Field(ge=0)] = 0.1
    _ranked: Ranked = field(default_factory=Ranked, init=False, repr=False)
    _fitness: dict[int, float] = field(default_factory=dict, init=False, repr=False)

    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        """Keep the trial, unless it must be better and is not."""
        if trial.fitness is None or trial.number in self._fitness:
            return AddStatus.REJECTED
        if self.keep == "better" and self._fitness and trial.fitness < self._reference(trial) - self.leeway:
            return AddStatus.REJECTED
        self._fitness[trial.number] = trial.fitness
        self._ranked.add(trial)
        return AddStatus.NEW

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._ranked)

    def __len__(self) -> int:
        return len(self._ranked)

    def _reference(self, trial: Trial) -> float:
        first = next(iter(self._fitness.values()))
        if self.than == "initial" or not trial.parents:
            return first
        return self._fitness.get(trial.parents[0], first)
