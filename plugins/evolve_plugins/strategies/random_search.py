"""`RandomSearch`: the baseline that every other strategy must beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from numpy.random import Generator

from evolve import Strategy
from evolve.events import Event
from evolve.interfaces import Action, Propose, View

__all__ = ["RandomSearch"]


@dataclass
class RandomSearch(Strategy):
    """Always start afresh: no parents, no memory.

    Reference: Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012.
    """

    def decide(self, view: View, free: int, rng: Generator) -> Sequence[Action]:
        """Ask for one fresh program per free slot."""
        return [Propose(purpose="restart") for _ in range(free)]

    def observe(self, event: Event, rng: Generator) -> None:
        """Learn nothing."""
