"""`Islands`: several small archives that evolve apart and start again when they stall or fall behind."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

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

    def first(self, count: int) -> list[Trial]:
        """Return its best trials."""
        return [trial for trial, _ in zip(self.kept, range(count), strict=False)]

    def begin(self, kept: Archive, best: float | None = None) -> None:
        """Begin a new life with another archive: with a founder, or as one that has to be refilled."""
        self.kept, self.best, self.refilling = kept, best, best is None
        self.life += 1
        self.stalled = 0


@dataclass
class Islands(Archive):
    """Keep separate populations, so that one good program does not take over the whole run.

    An island whose best has not improved for `stall` valid trials is emptied. It is then refilled by children of
    the elites of all islands, asked for with purpose "restart": operators give them new structure, not old values.
    A trial without a niche (a seed) lands on every island. A child of an island's former life does not return to it.

    Every `reset_every` valid trials the worse half of the islands is emptied as well, and each of them begins anew from
    the best program of a better island, drawn at random.

    Args:
        inner: the archive that each island is a copy of; any will do, and its niches are the island's.
        count: how many islands there are.
        stall: valid trials of an island without a better best, before it starts again; 0 for never.
        restart_fill: how many trials an emptied island must keep before it is bred from again.
        donors: how many elites each island, and the islands lost, lend to a restart.
        migrate_every: valid trials of an island between two visits to its neighbours; 0 keeps them apart.
        migrants: how many of its best it sends along.
        topology: who is a neighbour: "ring", the next one; "star", the first of all others and all others of the
            first; "complete", everybody.
        reset_every: valid trials between two resets of the worse half; 0 for never.

    Reference: Tanese, "Distributed genetic algorithms", ICGA 1989; restarts and resets as in Romera-Paredes et al.,
        "Mathematical discoveries from program search with large language models", Nature 625, 2024, where resets come
        every four hours, and an island is drawn uniformly.
    """

    inner: Archive = field(default_factory=lambda: TopK(k=12))
    count: Annotated[int, Field(gt=0)] = 4
    stall: Annotated[int, Field(ge=0)] = 25
    restart_fill: Annotated[int, Field(gt=0)] = 4
    donors: Annotated[int, Field(gt=0)] = 3
    migrate_every: Annotated[int, Field(ge=0)] = 0
    migrants: Annotated[int, Field(gt=0)] = 1
    topology: Literal["ring", "star", "complete"] = "ring"
    reset_every: Annotated[int, Field(ge=0)] = 0
    _islands: list[_Island] = field(default_factory=list, init=False, repr=False)
    _lost: TopK = field(init=False, repr=False)
    _offered: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        self._islands = [_Island(copy.deepcopy(self.inner)) for _ in range(self.count)]
        self._lost = TopK(k=self.donors * self.count)

    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        """Offer the trial to the island that bred it, or to all when none did."""
        if trial.fitness is None:
            return AddStatus.REJECTED
        status = self._land(trial, rng)
        self._offered += 1
        if self.reset_every and self._offered % self.reset_every == 0:
            self._reset(rng)
        return status

    def __iter__(self) -> Iterator[Trial]:
        found = {trial.number: trial for island in self._islands for trial in island.kept}
        return iter(sorted(found.values(), key=rank))

    def niche(self, rng: Generator) -> Niche:
        """Return a niche of an island: usually the one served least, so that all get the same number of children."""
        first, second = (int(i) for i in rng.integers(0, self.count, size=2))
        index = min(first, second, key=lambda i: self._islands[i].served)
        island = self._islands[index]
        if island.refilling:
            return Niche(self._name(index), self._elites(), purpose="restart")
        inner = island.kept.niche(rng)
        return replace(inner, name=f"{self._name(index)}/{inner.name}" if inner.name else self._name(index))

    def neighbours(self, index: int) -> Sequence[int]:
        """Return where an island's migrants go.

        Args:
            index: of the island, from 0.
        """
        if self.topology == "ring":
            to: Sequence[int] = ((index + 1) % self.count,)
        elif self.topology == "star":
            to = range(1, self.count) if index == 0 else (0,)
        else:
            to = range(self.count)
        return [other for other in to if other != index]

    def _name(self, index: int) -> str:
        return f"{index}.{self._islands[index].life}"

    def _elites(self) -> tuple[Trial, ...]:
        found = {trial.number: trial for trial in list(self._lost)[: self.donors]}
        for island in self._islands:
            found.update((trial.number, trial) for trial in island.first(self.donors))
        return tuple(sorted(found.values(), key=rank))

    def _land(self, trial: Trial, rng: Generator) -> AddStatus:
        niche = trial.notes.get("niche")
        if niche is None:
            return min((self._settle(index, trial, rng) for index in range(self.count)), key=list(AddStatus).index)
        outer, _, inner = str(niche).partition("/")
        for index in range(self.count):
            if outer == self._name(index):
                return self._settle(index, _addressed(trial, inner) if inner else trial, rng)
        self._lost.add(trial, rng)
        return AddStatus.REJECTED

    def _settle(self, index: int, trial: Trial, rng: Generator) -> AddStatus:
        island = self._islands[index]
        assert trial.fitness is not None
        status = island.kept.add(trial, rng)
        island.served += 1
        if island.best is None or trial.fitness > island.best:
            island.best, island.stalled = trial.fitness, 0
        else:
            island.stalled += 1
        stalls = self.stall and island.stalled >= self.stall
        if island.refilling:
            if len(island.kept) >= self.restart_fill or stalls:
                island.refilling, island.stalled = False, 0
        elif stalls:
            self._lose(island, rng)
            island.begin(copy.deepcopy(self.inner))
        elif self.migrate_every and island.served % self.migrate_every == 0:
            self._migrate(index, rng)
        return status

    def _lose(self, island: _Island, rng: Generator) -> None:
        for trial in island.first(self.donors):
            self._lost.add(trial, rng)

    def _migrate(self, index: int, rng: Generator) -> None:
        leaving = self._islands[index].first(self.migrants)
        for neighbour in self.neighbours(index):
            target = self._islands[neighbour]
            for trial in () if target.refilling else leaving:
                target.kept.add(_addressed(trial, None), rng)

    def _reset(self, rng: Generator) -> None:
        """Let the worse half of the islands begin anew, each from the best of one of the others."""
        shuffled = [self._islands[i] for i in rng.permutation(self.count)]
        ordered = sorted(shuffled, key=_height, reverse=True)
        kept = self.count - self.count // 2
        better, worse = ordered[:kept], ordered[kept:]
        founders = [trial for island in better for trial in island.first(1)]
        for island in worse if founders else ():
            founder = founders[int(rng.integers(0, len(founders)))]
            self._lose(island, rng)
            island.begin(copy.deepcopy(self.inner), founder.fitness)
            island.kept.add(_addressed(founder, None), rng)


def _height(island: _Island) -> float:
    return max((trial.fitness for trial in island.first(1) if trial.fitness is not None), default=-math.inf)


def _addressed(trial: Trial, niche: str | None) -> Trial:
    """Return a trial that asks for a part of an island's own archive by name, or for none."""
    notes = {key: value for key, value in trial.notes.items() if key != "niche"}
    return replace(trial, notes=notes if niche is None else {**notes, "niche": niche})
