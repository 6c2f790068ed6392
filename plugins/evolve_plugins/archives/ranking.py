"""How archives order trials, and how they tell them apart."""

from __future__ import annotations

import bisect
from collections.abc import Iterator

from evolve import Trial

__all__ = ["Ranked", "class_of", "rank"]


def class_of(trial: Trial) -> str:
    """Return what tells a trial apart from its equals: its class key, or its text where it has none."""
    return trial.class_key or trial.program.digest


def rank(trial: Trial) -> tuple[float, int]:
    """Return a sorting key: the fitter first, and between equals the older.

    Args:
        trial: a valid trial.
    """
    assert trial.fitness is not None
    return -trial.fitness, trial.number


class Ranked:
    """Valid trials in order of `rank`; adding, removing and finding one costs a binary search."""

    def __init__(self) -> None:
        self._keys: list[tuple[float, int]] = []
        self._trials: list[Trial] = []
        self._view: tuple[Trial, ...] | None = ()

    def add(self, trial: Trial) -> None:
        """Take in a trial that is not there yet."""
        key = rank(trial)
        place = bisect.bisect_left(self._keys, key)
        self._keys.insert(place, key)
        self._trials.insert(place, trial)
        self._view = None

    def remove(self, trial: Trial) -> None:
        """Take out a trial that is there."""
        place = bisect.bisect_left(self._keys, rank(trial))
        del self._keys[place], self._trials[place]
        self._view = None

    @property
    def worst(self) -> Trial:
        """The last of them; there must be one."""
        return self._trials[-1]

    def __contains__(self, trial: Trial) -> bool:
        key = rank(trial)
        place = bisect.bisect_left(self._keys, key)
        return place < len(self._keys) and self._keys[place] == key

    def __iter__(self) -> Iterator[Trial]:
        if self._view is None:
            self._view = tuple(self._trials)
        return iter(self._view)

    def __len__(self) -> int:
        return len(self._trials)
