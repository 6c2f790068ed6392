"""`Ranking`: the valid trials of a run, by how far they got on the ladder and how well they did there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from evolve.trial import Trial, depth_of

__all__ = ["Ranking"]

Rank: TypeAlias = tuple[int, float]


@dataclass
class Ranking:
    """Keeps the rank of every valid trial; further outcomes may raise or lower it.

    Args:
        stages: names of the problem's stages, cheapest first.
    """

    stages: Sequence[str]
    _ranks: dict[int, Rank] = field(default_factory=dict, init=False, repr=False)

    def take_in(self, trial: Trial) -> None:
        """Note where a trial stands now."""
        if trial.fitness is None:
            self._ranks.pop(trial.number, None)
        else:
            self._ranks[trial.number] = depth_of(trial.stage, self.stages), trial.fitness

    def of(self, number: int) -> Rank | None:
        """Return (place of the stage, fitness there) of a trial, or None when it is not valid."""
        return self._ranks.get(number)

    def first(self) -> int | None:
        """Return the best trial, of equals the one that came first."""
        return max(self._ranks, key=self._key, default=None)

    def best_first(self) -> list[int]:
        """Return all valid trials in order."""
        return sorted(self._ranks, key=self._key, reverse=True)

    def _key(self, number: int) -> tuple[Rank, int]:
        return self._ranks[number], -number
