"""`Chain`: the baseline of sequential refinement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from numpy.random import Generator
from pydantic import Field

from evolve import Strategy
from evolve.events import Committed, Event, Refused
from evolve.interfaces import Action, Propose, View

__all__ = ["Chain"]


@dataclass
class Chain(Strategy):
    """Refine one program step by step: each child is made from the latest one, and never two at a time.

    A child that fails is not refined; operators are told of it as of every failed attempt.

    Args:
        accept: "always" goes on from every valid child, "better" only from one that beats its parent.
        patience: steps without a new best of the chain before it starts again from a seed; 0 never does.

    Reference: Madaan et al., "Self-Refine: iterative refinement with self-feedback", NeurIPS 2023.
    """

    accept: Literal["always", "better"] = "always"
    patience: Annotated[int, Field(ge=0)] = 0
    _seeds: dict[int, float] = field(default_factory=dict, init=False, repr=False)
    _latest: int | None = field(default=None, init=False, repr=False)
    _fitness: float = field(default=-math.inf, init=False, repr=False)
    _best: float = field(default=-math.inf, init=False, repr=False)
    _waited: int = field(default=0, init=False, repr=False)

    def decide(self, view: View, free: int, rng: Generator) -> Sequence[Action]:
        """Propose one child of the latest program when nothing is in flight."""
        if view.in_flight:
            return []
        return [Propose() if self._latest is None else Propose((self._latest,))]

    def observe(self, event: Event, rng: Generator) -> None:
        """Go on from a child that is accepted, and start again when the chain has stalled."""
        if isinstance(event, Refused):
            self._wait(rng)
        elif isinstance(event, Committed) and event.trial is not None:
            number, fitness = event.trial.number, event.trial.fitness
            if event.trial.operator == "seed":
                if fitness is not None:
                    self._seeds[number] = fitness
                    self._start(max(self._seeds, key=lambda seed: (self._seeds[seed], -seed)))
                return
            if fitness is not None and (self.accept == "always" or fitness > self._fitness):
                self._latest, self._fitness = number, fitness
            if fitness is not None and fitness > self._best:
                self._best, self._waited = fitness, 0
            else:
                self._wait(rng)

    def _wait(self, rng: Generator) -> None:
        self._waited += 1
        if self.patience and self._waited >= self.patience and self._seeds:
            self._start(list(self._seeds)[int(rng.integers(len(self._seeds)))])

    def _start(self, seed: int) -> None:
        self._latest, self._waited = seed, 0
        self._fitness = self._best = self._seeds[seed]
