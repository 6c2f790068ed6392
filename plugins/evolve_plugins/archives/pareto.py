"""`Pareto`: trials that are good in several ways at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal

from numpy.random import Generator
from pydantic import Field

from evolve import AddStatus, Archive, Niche, Trial
from evolve.errors import ConfigError, did_you_mean
from evolve_plugins.archives.ranking import Ranked, class_of, rank

__all__ = ["Objective", "Pareto"]


@dataclass(frozen=True)
class Objective:
    """One thing to be good at.

    Args:
        name: of a metric, or of a measure, that the judge returns; "score" is the problem's own.
        direction: "maximise" or "minimise"; for "score" it is the problem's, so leave it out.
    """

    name: str = "score"
    direction: Literal["maximise", "minimise"] = "maximise"

    def __post_init__(self) -> None:
        if self.name == "score" and self.direction == "minimise":
            raise ConfigError("objective 'score': its direction is the problem's own; leave direction out")

    def value(self, trial: Trial) -> float:
        """Return a valid trial's value, turned so that higher is better.

        Raises:
            ConfigError: the trial has no metric or measure of that name.
        """
        if self.name == "score":
            assert trial.fitness is not None
            return trial.fitness
        known = {**trial.measures, **trial.metrics}
        if self.name not in known:
            hint = did_you_mean(self.name, {"score", *known})
            raise ConfigError(f"objective {self.name!r}: trial {trial.number} has no such metric or measure{hint}")
        return known[self.name] if self.direction == "maximise" else -known[self.name]


@dataclass(eq=False)
class _Point:
    """A trial in the space of the objectives, in the form that DEAP reads: an individual that is its own fitness."""

    trial: Trial
    wvalues: tuple[float, ...]
    front: int = 0
    crowding_dist: float = 0.0

    @property
    def fitness(self) -> _Point:
        return self

    @property
    def values(self) -> tuple[float, ...]:
        return self.wvalues


@dataclass
class Pareto(Archive):
    """Keep the best trials by non-dominated sorting, and of the last front those that stand apart; one of each class.

    When it is full, the trial of the last front that is crowded most gives way; the best of every single objective
    stays while there is room for them all. A niche is a pool of winners of binary tournaments by front, then crowding,
    so `uniform` on it is the mating selection of the paper. Members come in order of fitness, as everywhere.

    Args:
        objectives: at least two.
        size: how many trials are kept.
        pool: how many tournaments make a niche.

    Reference: Deb, Pratap, Agarwal and Meyarivan, "A fast and elitist multiobjective genetic algorithm: NSGA-II",
        IEEE Trans. Evolutionary Computation 6(2), 2002. It deviates in taking children one by one: Durillo et al., "On
        the effect of the steady-state selection scheme in multi-objective genetic algorithms", EMO 2009.
    """

    objectives: Annotated[tuple[Objective, ...], Field(min_length=2)]
    size: Annotated[int, Field(gt=0)] = 100
    pool: Annotated[int, Field(gt=0)] = 10
    _points: list[_Point] = field(default_factory=list, init=False, repr=False)
    _ranked: Ranked = field(default_factory=Ranked, init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.objectives) < 2:
            raise ConfigError("pareto: name at least two objectives; for one use the archive top_k")

    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        """Take the trial in, and let the most crowded of the last front go when there is no room."""
        if trial.fitness is None:
            return AddStatus.REJECTED
        point = _Point(trial, tuple(objective.value(trial) for objective in self.objectives))
        loser = next((p for p in self._points if class_of(p.trial) == class_of(trial)), None)
        if loser is not None and not _dominates(point, loser):
            return AddStatus.REJECTED
        points = [*(p for p in self._points if p is not loser), point]
        last = _sort(points)
        if len(points) > self.size:
            loser = min(last, key=lambda p: (p.crowding_dist, -p.trial.number))
            points.remove(loser)
            last.remove(loser)
            _spread(last)
        self._points = points
        if loser is point:
            return AddStatus.REJECTED
        self._ranked.add(trial)
        if loser is None:
            return AddStatus.NEW
        self._ranked.remove(loser.trial)
        return AddStatus.IMPROVED

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._ranked)

    def __len__(self) -> int:
        return len(self._ranked)

    def front(self) -> tuple[Trial, ...]:
        """Return the trials that no other one kept dominates, best first."""
        return tuple(sorted((point.trial for point in self._points if point.front == 0), key=rank))

    def niche(self, rng: Generator) -> Niche:
        """Hold binary tournaments, and return the winners."""
        if not self._points:
            return Niche("", ())
        winners = {}
        for pair in rng.integers(0, len(self._points), size=(self.pool, 2)):
            won = min((self._points[i] for i in pair), key=lambda point: (point.front, -point.crowding_dist))
            winners[won.trial.number] = won.trial
        return Niche("", sorted(winners.values(), key=rank))


def _dominates(one: _Point, other: _Point) -> bool:
    pairs = list(zip(one.wvalues, other.wvalues, strict=True))
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)


def _sort(points: list[_Point]) -> list[_Point]:
    """Note in each point where it stands, and return the last front."""
    from deap.tools import emo

    fronts: list[list[_Point]] = emo.sortLogNondominated(points, len(points))
    for place, front in enumerate(fronts):
        _spread(front)
        for point in front:
            point.front = place
    return fronts[-1]


def _spread(front: list[_Point]) -> None:
    """Note in each point of one front how far apart it stands."""
    from deap.tools import emo

    emo.assignCrowdingDist(front)
