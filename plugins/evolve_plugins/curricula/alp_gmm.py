"""`AlpGmm`: instances are sampled, or made, where scores change most, whichever way."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Annotated, Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field

from evolve import Curriculum, Instance, Trial
from evolve.interfaces import MakeInstance, Retire
from evolve.trial import Scored
from evolve_plugins.curricula.mixture import Mixture, best_mixture
from evolve_plugins.curricula.scores import direction

__all__ = ["AlpGmm"]

Axes = Mapping[str, tuple[float, float]]
Episode = tuple[Mapping[str, Any], float | None]

_MADE = "alp-"
_READY = 16
"""How many instances of its making wait for a trial: trials that are under way at once are to find different ones."""


@dataclass
class AlpGmm(Curriculum):
    """Samples instances by absolute learning progress (ALP), modelled by Gaussian mixtures over numeric parameters.

    Every outcome is an episode; its ALP is how far its score is from that of the earlier episode nearest to it. After
    `every` episodes each, mixtures of 2 to `most` Gaussians are fitted to (parameters, ALP) of the last `every` and
    the one of lowest AIC is kept. Then a component is drawn in proportion to its mean ALP, and a point out of it. A
    failed outcome has the lowest score of the time.

    With `ranges`, as in the paper, the point becomes a new instance. It differs from the problem's first one in these
    parameters, is named "alp-...", and leaves once a trial was judged on it. A stage whose patterns take such names
    judges on `count` of them; other stages judge on all that they have.

    Without `ranges` a point stands for the nearest instance there is. The parameters used are then the numbers that all
    instances have, each scaled to [0, 1]; without any, instances are drawn evenly. A stage with no more than `count`
    instances is judged on all of them.

    Either way, end with a stage of fixed instances, since means over different ones do not compare. The fit differs
    from the paper's: it starts from centres far apart, not from a random one.

    Args:
        count: instances a trial is judged on, > 0.
        every: episodes between fits, also how many a fit is made of, >= 20.
        most: most components, >= 2.
        share_random: share of the sample that is drawn evenly.
        ranges: lowest and highest value of each parameter of the instances to make.

    Reference: Portelas, Colas, Hofmann and Oudeyer, "Teacher algorithms for curriculum learning of deep RL in
        continuously parameterized environments", CoRL 2019.
    """

    count: Annotated[int, Field(gt=0)] = 1
    every: Annotated[int, Field(ge=20)] = 250
    most: Annotated[int, Field(ge=2)] = 10
    share_random: Annotated[float, Field(ge=0, le=1)] = 0.2
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    _recent: deque[Episode] = field(default_factory=deque, init=False, repr=False)
    _older: dict[str, Episode] = field(default_factory=dict, init=False, repr=False)
    _names: deque[str] = field(default_factory=deque, init=False, repr=False)
    _episodes: int = field(default=0, init=False, repr=False)
    _news: int = field(default=0, init=False, repr=False)
    _basis: tuple[Sequence[Episode], Sequence[Episode]] = field(default=((), ()), init=False, repr=False)
    _used: set[str] = field(default_factory=set, init=False, repr=False)
    _sign: float = field(default=0.0, init=False, repr=False)
    _seen: tuple[Sequence[Instance], Axes, NDArray[np.float64]] | None = field(default=None, init=False, repr=False)
    _fitted: tuple[object, Mixture | None] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        for name, (low, high) in self.ranges.items():
            if not low < high:
                raise ValueError(f"ranges.{name}: write [lowest, highest], not {[low, high]}")

    def sample(self, instances: Sequence[Instance], rng: Generator) -> Sequence[Instance]:
        """Draw instances one after the other, each once."""
        if self.ranges:
            mine = [instance for instance in instances if self._waits(instance)]
            return [mine[place] for place in rng.permutation(len(mine))[: self.count]] or instances
        if len(instances) <= self.count:
            return instances
        axes, points = self._space(instances)
        left = np.ones(len(instances), bool)
        picked = []
        for _ in range(self.count):
            target = self._target(axes, rng)
            if target is None:
                place = int(rng.choice(np.flatnonzero(left)))
            else:
                place = int(np.argmin(np.where(left, ((points - target) ** 2).sum(axis=1), np.inf)))
            left[place] = False
            picked.append(instances[place])
        return picked

    def revise(self, instances: Sequence[Instance], rng: Generator) -> Sequence[MakeInstance | Retire]:
        """Let instances of its making leave once they have served, and new ones join."""
        if not self.ranges:
            return ()
        mine = [instance for instance in instances if instance.id.startswith(_MADE)]
        waiting = sum(map(self._waits, mine))
        model = next((instance for instance in instances if not instance.id.startswith(_MADE)), instances[0])
        made = [self._instance(f"{_MADE}{self._news}.{n}", model, rng) for n in range(max(0, _READY - waiting))]
        return [*made, *(Retire(instance.id) for instance in mine if not self._waits(instance))]

    def observe(self, trial: Trial) -> None:
        """Learn of no more than that there is a trial: what it did comes to `update`."""
        self._news += 1

    def update(self, trial: Trial, scored: Scored, instance: Instance) -> None:
        """Note a score; what a fit is made of changes only at its time."""
        self._sign = direction(trial) or self._sign
        self._news += 1
        self._episodes += 1
        if self.ranges and instance.id.startswith(_MADE):
            self._used.add(instance.id)
        self._recent.append((instance.params, scored.outcome.score))
        self._names.append(instance.id)
        if len(self._recent) > self.every:
            self._older[self._names.popleft()] = self._recent.popleft()
        if self._episodes % self.every == 0:
            self._basis = (tuple(self._older.values()), tuple(self._recent))

    def _space(self, instances: Sequence[Instance]) -> tuple[Axes, NDArray[np.float64]]:
        """Return the space that instances span, and where they lie in it; both are kept until others are asked for."""
        if self._seen is None or self._seen[0] != instances:
            axes = _axes(instances)
            self._seen = list(instances), axes, _points([instance.params for instance in instances], axes)
        return self._seen[1:]

    def _waits(self, instance: Instance) -> bool:
        """Tell whether it is an instance of its making that has not served."""
        return instance.id.startswith(_MADE) and instance.id not in self._used

    def _instance(self, name: str, model: Instance, rng: Generator) -> MakeInstance:
        target = self._target(self.ranges, rng)
        shares = rng.random(len(self.ranges)) if target is None else target
        params = dict(model.params)
        for (key, (low, high)), share in zip(self.ranges.items(), shares, strict=True):
            value = float(low + (high - low) * share)
            params[key] = round(value) if isinstance(params.get(key), int) else value
        return MakeInstance(replace(model, id=name, params=params))

    def _target(self, axes: Axes, rng: Generator) -> NDArray[np.float64] | None:
        """Return a point where progress is likely, or None when all places are equal."""
        mixture = self._fit(axes)
        progress = np.zeros(1) if mixture is None else np.maximum(mixture.means[:, -1], 0.0)
        if mixture is None or progress.sum() <= 0 or rng.random() < self.share_random:
            return None
        part = int(rng.choice(len(progress), p=progress / progress.sum()))
        noise = mixture.roots[part][:-1, :-1] @ rng.standard_normal(len(axes))
        return np.asarray(np.clip(mixture.means[part][:-1] + noise, 0.0, 1.0), np.float64)

    def _fit(self, axes: Axes) -> Mixture | None:
        """Return the mixture that follows from the basis; it is kept until that or the axes change."""
        key = (self._episodes // self.every, self._sign, axes)
        if self._fitted is None or self._fitted[0] != key:
            rows = self._progress(axes) if axes and self._basis[1] else ()
            self._fitted = (key, best_mixture(np.asarray(rows), range(2, self.most + 1)) if len(rows) else None)
        return self._fitted[1]

    def _progress(self, axes: Axes) -> NDArray[np.float64]:
        """Return (point, ALP) of the episodes of the basis, shape (n, d + 1)."""
        from scipy.spatial import cKDTree  # heavy

        older, recent = ([e for e in part if all(_is_number(e[0].get(name)) for name in axes)] for part in self._basis)
        known = [score for _, score in (*older, *recent) if score is not None]
        low, high = min(known, default=0.0), max(known, default=0.0)
        worst, span = (high if self._sign < 0 else low), (high - low) or 1.0
        scores = np.array([worst if score is None else score for _, score in (*older, *recent)], np.float64)
        points = _points([params for params, _ in (*older, *recent)], axes)
        start = len(older)
        tree = cKDTree(points[:start]) if older else None
        away, nearest = tree.query(points[start:]) if tree is not None else (np.full(len(recent), np.inf),) * 2
        rows = np.zeros((len(recent), len(axes) + 1))
        for place in range(len(recent)):
            here = points[start + place]
            gaps = ((points[start : start + place] - here) ** 2).sum(axis=1)[::-1]  # of equals, the latest
            latest = int(np.argmin(gaps)) if place else 0
            if place and gaps[latest] <= away[place] ** 2:
                before = scores[start + place - 1 - latest]
            else:
                before = scores[int(nearest[place])] if tree is not None else scores[start + place]
            rows[place] = (*here, abs(scores[start + place] - before) / span)
        return rows


def _axes(instances: Sequence[Instance]) -> Axes:
    """Return the numeric parameters that all instances have and that differ, with their lowest and highest values."""
    names = sorted(set.intersection(*({*instance.params} for instance in instances)))
    columns = {name: [instance.params[name] for instance in instances] for name in names}
    spans = {name: (min(c), max(c)) for name, c in columns.items() if all(map(_is_number, c))}
    return {name: (float(low), float(high)) for name, (low, high) in spans.items() if high > low}


def _points(params: Sequence[Mapping[str, Any]], axes: Axes) -> NDArray[np.float64]:
    """Return parameters as points, each axis scaled to [0, 1], shape (n, d)."""
    scaled = [[(float(p[name]) - low) / (high - low) for name, (low, high) in axes.items()] for p in params]
    return np.array(scaled, np.float64).reshape(len(params), len(axes))


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
