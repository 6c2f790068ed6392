"""`Constants`: CMA-ES over the numeric literals of one program structure, one sample per proposal.

All programs that differ in their literals only share one search distribution. A proposal draws one point from it and
changes nothing; `observe` files the point with its fitness; the distribution moves when a whole generation is in.
So the search is interleaved with other operators, survives a resume, and needs no evaluation of its own.

Reference: Hansen, Ostermeier, "Completely derandomized self-adaptation in evolution strategies", Evolutionary
Computation 9(2), 2001.
"""

from __future__ import annotations

import ast
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.random import Generator
from pydantic import Field

from evolve.interfaces import Context, Mutator
from evolve.trial import Proposal, Trial
from evolve_plugins.mutators.baking import TABLE, structure
from evolve_plugins.mutators.literals import Constant, Literal, around, literals
from evolve_plugins.mutators.offspring import Fruitless, offspring
from evolve_plugins.mutators.source import Source, Unreadable

__all__ = ["Constants"]

Vector = Any
"""One-dimensional array of floats, each in [0, 1]: where a literal lies inside its bounds."""


@dataclass(slots=True)
class _Search:
    """What is known about one structure: the literals it began with, and the points tried since it last moved."""

    centre: tuple[float, ...]
    points: list[tuple[tuple[float, ...], float | None]] = field(default_factory=list)
    strategy: Any = None


@dataclass
class Constants(Mutator):
    """Tunes the literals of the primary parent within their bounds.

    Args:
        step: initial standard deviation, in widths of the bounds.
        structures: how many structures are remembered; the one used longest ago is forgotten.
    """

    name: ClassVar[str] = "constants"
    step: Annotated[float, Field(gt=0, le=1)] = 0.15
    structures: Annotated[int, Field(gt=0)] = 256
    _searches: dict[str, _Search] = field(init=False, repr=False, default_factory=dict)

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        numbers = tuple(parent.number for parent in parents)
        if not parents:
            return [Proposal.refused("constants", "it needs a parent", numbers)]
        try:
            source = Source.open(parents[0].program, context.problem)
            found = literals(source, context.problem.primitives)
            if not found:
                raise Fruitless("the parent has no literal to tune")
            key = _key(source)
            search = self._searches.get(key)
            if search is None or len(search.centre) != len(found):
                search = _Search(tuple(literal.value for literal in found))
            bounds = [_bounds(literal, centre) for literal, centre in zip(found, search.centre, strict=True)]
            self._catch_up(search, bounds)
            point = _draw(search, bounds, self.step, context.rng)
            for literal, limit, place in zip(found, bounds, point, strict=True):
                literal.node.value = _value(limit, float(place))
            notes = {"constants": {"key": key, "centre": list(search.centre), "point": [float(p) for p in point]}}
            return [offspring(source, "constants", parents[:1], context, notes)]
        except (Unreadable, Fruitless) as error:
            return [Proposal.refused("constants", str(error), numbers)]

    def observe(self, trial: Trial, parents: Sequence[Trial]) -> None:
        noted = trial.notes.get("constants")
        if noted is None:
            return
        search = self._searches.pop(noted["key"], None)
        if search is None or len(search.centre) != len(noted["point"]):
            search = _Search(tuple(noted["centre"]))
        self._searches[noted["key"]] = search
        if tuple(noted["centre"]) == search.centre:
            search.points.append((tuple(noted["point"]), trial.fitness))
        if len(self._searches) > self.structures:
            del self._searches[next(iter(self._searches))]

    def _catch_up(self, search: _Search, bounds: Sequence[Constant]) -> None:
        """Move the distribution by the generations that are complete: a pure function of the points."""
        size = 4 + int(3 * math.log(len(bounds)))
        while len(search.points) >= size:
            if search.strategy is None:
                search.strategy = _start(_places(search.centre, bounds), self.step, size)
            batch, search.points = search.points[:size], search.points[size:]
            known = [fitness for _, fitness in batch if fitness is not None]
            worst = min(known, default=0.0) - 1.0
            search.strategy.ask()
            search.strategy.tell([np.array(p) for p, _ in batch], [-(worst if f is None else f) for _, f in batch])


def _start(mean: Vector, step: float, size: int) -> Any:
    import cma

    if len(mean) == 1:
        return _Line(mean, step)
    unused = np.random.default_rng(
        0
    )  # `ask` must be called before `tell`, but our points come from the proposal's stream
    options = {"popsize": size, "seed": np.nan, "verbose": -9, "randn": lambda *shape: unused.standard_normal(shape)}
    return cma.CMAEvolutionStrategy(mean, step, options)


@dataclass
class _Line:
    """What CMA-ES becomes for a single literal, where it is not defined: the mean and spread of the better half."""

    mean: Vector
    sigma: float

    def ask(self) -> None:
        """Do nothing: points are drawn elsewhere."""

    def tell(self, points: Sequence[Vector], costs: Sequence[float]) -> None:
        order = np.argsort(costs)[: max(2, len(costs) // 2)]
        chosen = np.array([points[i][0] for i in order])
        self.mean = np.array([chosen.mean()])
        self.sigma = max(1e-4, 0.5 * self.sigma + 0.5 * float(np.sqrt(np.mean((chosen - chosen.mean()) ** 2))))


def _draw(search: _Search, bounds: Sequence[Constant], step: float, rng: Generator) -> Vector:
    """Return one point of the present distribution, clipped into the bounds."""
    noise = rng.standard_normal(len(bounds))
    strategy = search.strategy
    if strategy is None:
        return np.clip(_places(search.centre, bounds) + step * noise, 0.0, 1.0)
    if isinstance(strategy, _Line):
        return np.clip(strategy.mean + strategy.sigma * noise, 0.0, 1.0)
    spread = np.linalg.cholesky(strategy.sm.covariance_matrix + 1e-12 * np.eye(len(bounds)))
    return np.clip(strategy.mean + strategy.sigma * strategy.sigma_vec.scaling * (spread @ noise), 0.0, 1.0)


def _key(source: Source) -> str:
    """Return a key of the structure together with its baked start: the same landscape, whatever the literals."""
    baked = [s for s in source.tree.body if isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) == TABLE]
    start = hashlib.blake2b("".join(ast.dump(s) for s in baked).encode(), digest_size=4).hexdigest()
    return f"{structure(source.tree)}:{start}"


def _bounds(literal: Literal, centre: float) -> Constant:
    return around(centre) if literal.free else literal.bounds


def _places(values: Sequence[float], bounds: Sequence[Constant]) -> Vector:
    """Return where values lie inside their bounds, clipped to [0, 1]."""
    return np.array([_place(limit, value) for limit, value in zip(bounds, values, strict=True)])


def _place(limit: Constant, value: float) -> float:
    inside = min(max(value, limit.low), limit.high)
    if limit.high <= limit.low:
        return 0.5
    if limit.log:
        return math.log(inside / limit.low) / math.log(limit.high / limit.low)
    return (inside - limit.low) / (limit.high - limit.low)


def _value(limit: Constant, place: float) -> int | float:
    """Return the literal at a place."""
    raw = limit.low * (limit.high / limit.low) ** place if limit.log else limit.low + place * (limit.high - limit.low)
    if limit.type == "float":
        return min(max(float(f"{raw:.6g}"), limit.low), limit.high)
    return limit.fit(raw)
