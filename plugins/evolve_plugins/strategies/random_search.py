"""`RandomSearch`: the baseline that every other strategy must beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from numpy.random import Generator

from evolve import Strategy
from evolve.events import Committed, Event
from evolve.interfaces import Action, Propose, View

__all__ = ["RandomSearch"]


@dataclass
class RandomSearch(Strategy):
    """Always start from a seed program; what was found since is never built upon.

    Reference: Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012.
    """

    _seeds: list[int] = field(default_factory=list, init=False, repr=False)

    def decide(self, view: View, free: int, rng: Generator) -> Sequence[Action]:
        """Propose one child of a seed per free slot."""
        if not self._seeds:
            return [Propose() for _ in range(free)]
        return [Propose(parents=(self._seeds[i],)) for i in rng.integers(len(self._seeds), size=free)]

    def observe(self, event: Event, rng: Generator) -> None:
        """Remember the valid seeds."""
        trial = event.trial if isinstance(event, Committed) else None
        if trial is not None and trial.operator == "seed" and trial.valid:
            self._seeds.append(trial.number)
