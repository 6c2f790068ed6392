"""`BestOfN`: the baseline of repeated sampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from numpy.random import Generator
from pydantic import Field

from evolve import Strategy, Trial
from evolve.events import Committed, Event
from evolve.interfaces import Action, Propose, View

__all__ = ["BestOfN"]

_ROUND = "round"


@dataclass
class BestOfN(Strategy):
    """Make many children of the seed, and take the best one; with several rounds, that one is the next round's seed.

    The last round goes on until the budget is spent.

    Args:
        rounds: how many; with one, nothing that was found is ever built upon.
        n: finished children that a round has before the next one begins.

    Reference: Brown et al., "Large language monkeys: scaling inference compute with repeated sampling", 2024.
    """

    rounds: Annotated[int, Field(gt=0)] = 1
    n: Annotated[int, Field(gt=0)] = 100
    _roots: list[int] = field(default_factory=list, init=False, repr=False)
    _best: Trial | None = field(default=None, init=False, repr=False)
    _round: int = field(default=0, init=False, repr=False)
    _finished: int = field(default=0, init=False, repr=False)

    def decide(self, view: View, free: int, rng: Generator) -> Sequence[Action]:
        """Propose one child of a root per free slot, and no more than the round still wants."""
        tags = {_ROUND: self._round}
        if self._round < self.rounds - 1:
            asked = sum(isinstance(a, Propose) and a.tags.get(_ROUND) == self._round for a in view.in_flight.values())
            free = min(free, self.n - self._finished - asked)
        if not self._roots:
            return [Propose(tags=tags) for _ in range(free)]
        return [Propose((self._roots[i],), tags=tags) for i in rng.integers(len(self._roots), size=max(0, free))]

    def observe(self, event: Event, rng: Generator) -> None:
        """Remember the seeds and the best trial, and count the children of this round."""
        trial = event.trial if isinstance(event, Committed) else None
        if trial is None:
            return
        if trial.fitness is not None and (self._best is None or trial.fitness > (self._best.fitness or 0.0)):
            self._best = trial
        if trial.operator == "seed" and trial.valid:
            self._roots.append(trial.number)
        self._finished += trial.notes.get(_ROUND) == self._round
        if self._finished >= self.n and self._round < self.rounds - 1:
            self._round, self._finished = self._round + 1, 0
            self._roots = [self._best.number] if self._best is not None else []
