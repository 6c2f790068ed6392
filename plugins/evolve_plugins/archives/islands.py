"""`Islands`: several small archives that evolve apart and start again when they stall."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from numpy.random import Generator
from pydantic import Field

from evolve import AddStatus, Archive, Niche, Trial
from evolve_plugins.archives.ranking import rank
from evolve_plugins.archives.top_k import TopK

__all__ = ["Islands"]


@dataclass
class _Island:
    """One part of the archive. A new life begins each time it is emptied."""

    kept: Archive
    life: int = 0
    served: int = 0
    best: float | None = None
    stalled: int = 0
    refilling: bool = False


@dataclass
class Islands(Archive):
    """Keep separate populations, so that one good program does not take over the whole run.

    An island whose best has not improved for `stall` valid trials is emptied. It is then refilled by children of
    the elites of all islands, asked for with purpose "restart": operators give them new structure, not old values.
    A trial without a niche (a seed) lands on every island. A child of an island's former life does not return to it.

    Args:
        inner: the archive that each island is a copy of.
        count: how many islands there are.
        stall: valid trials of an island without a better best, before it starts again.
        restart_fill: how many trials an emptied island must keep before it is bred from again.
        donors: how many elites each island, and the islands lost, lend to a restart.
        migrate_every: valid trials of an island between two visits to the next island of the ring; 0 keeps them apart.
        migrants: how many of its best it sends along.

    Reference: Tanese, "Distributed genetic algorithms", ICGA 1989; restarts as in Romera-Paredes et al.,
        "Mathematical discoveries from program search with large language models", Nature 625, 2024.
    """

    inner: Archive = field(default_factory=lambda: TopK(k=12))
    count: Annotated[int, Field(gt=0)] = 4
    stall: Annotated[int, Field(gt=0)] = 25
    restart_fill: Annotated[int, Field(gt=0)] = 4
    donors: Annotated[int, Field(gt=0)] = 3
    migrate_every: Annotated[int, Field(ge=0)] = 0
    migrants: Annotated[int, Field(gt=0)] = 1
    _islands: list[_Island] = field(default_factory=list, init=False, repr=False)
    _lost: TopK = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._islands = [_Island(copy.deepcopy(self.inner)) for _ in range(self.count)]
        self._lost = TopK(k=self.donors * self.count)

    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        """Offer the trial to the island that bred it, or to all when none did."""
        if trial.fitness is None:
            return AddStatus.REJECTED
        niche = trial.notes.get("niche")
        if niche is None:
            return min((self._settle(index, trial, rng) for index in range(self.count)), key=list(AddStatus).index)
        for index in range(self.count):
            if niche == self._name(index):
                return self._settle(index, trial, rng)
        self._lost.add(trial, rng)
        return AddStatus.REJECTED

    def __iter__(self) -> Iterator[Trial]:
        found = {trial.number: trial for island in self._islands for trial in island.kept}
        return iter(sorted(found.values(), key=rank))

    def niche(self, rng: Generator) -> Niche:
        """Return an island: usually the one served least, so that all get the same number of children."""
        first, second = (int(i) for i in rng.integers(0, self.count, size=2))
        index = min(first, second, key=lambda i: self._islands[i].served)
        island = self._islands[index]
        if island.refilling:
            return Niche(self._name(index), self._elites(), purpose="restart")
        return Niche(self._name(index), tuple(island.kept))

    def _name(self, index: int) -> str:
        return f"{index}.{self._islands[index].life}"

    def _elites(self) -> tuple[Trial, ...]:
        found = {trial.number: trial for trial in list(self._lost)[: self.donors]}
        for island in self._islands:
            for trial, _ in zip(island.kept, range(self.donors), strict=False):
                found[trial.number] = trial
        return tuple(sorted(found.values(), key=rank))

    def _settle(self, index: int, trial: Trial, rng: Generator) -> AddStatus:
        island = self._islands[index]
        assert trial.fitness is not None
        status = island.kept.add(trial, rng)
        island.served += 1
        if island.best is None or trial.fitness > island.best:
            island.best, island.stalled = trial.fitness, 0
        else:
            island.stalled += 1
        if island.refilling:
            if len(island.kept) >= self.restart_fill or island.stalled >= self.stall:
                island.refilling, island.stalled = False, 0
        elif island.stalled >= self.stall:
            self._restart(island, rng)
        elif self.migrate_every and island.served % self.migrate_every == 0:
            self._migrate(index, rng)
        return status

    def _restart(self, island: _Island, rng: Generator) -> None:
        for trial, _ in zip(island.kept, range(self.donors), strict=False):
            self._lost.add(trial, rng)
        island.kept = copy.deepcopy(self.inner)
        island.life += 1
        island.best, island.stalled, island.refilling = None, 0, True

    def _migrate(self, index: int, rng: Generator) -> None:
        target = self._islands[(index + 1) % self.count]
        if target.refilling:
            return
        for trial, _ in zip(self._islands[index].kept, range(self.migrants), strict=False):
            target.kept.add(trial, rng)
