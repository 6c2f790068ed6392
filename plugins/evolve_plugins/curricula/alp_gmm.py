"""`AlpGmm`: instances are sampled where scores change most, whichever way."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Annotated

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field

from evolve import Curriculum, Instance, Trial
from evolve_plugins.curricula.mixture import Mixture, best_mixture
from evolve_plugins.curricula.scores import direction

__all__ = ["AlpGmm"]

Episode = tuple[str, float | None]


@dataclass
class AlpGmm(Curriculum):
    """Samples instances by absolute learning progress (ALP), modelled by Gaussian mixtures over numeric parameters.

    Every outcome is an episode; its ALP is how far its score is from that of the earlier episode nearest to it. After
    `every` episodes each, mixtures of 2 to `most` Gaussians are fitted to (parameters, ALP) of the last `every` and
    the one of lowest AIC is kept. Then a component is drawn in proportion to its mean ALP, a point out of it, and the
    instance nearest to that point. The parameters used are the numbers that all instances have, each scaled to
    [0, 1]; without any, instances are drawn evenly. A failed outcome has the lowest score of the time.

    A stage with no more than `count` instances is judged on all of them; end with such a stage, since means over
    different instances do not compare.

    Differs from the paper: a curriculum cannot make instances, so a point stands for the nearest one; the fit starts
    from centres far apart, not from a random one.

    Args:
        count: instances a trial is judged on, > 0.
        every: episodes between fits, also how many a fit is made of, >= 20.
        most: most components, >= 2.
        share_random: share of the sample that is drawn evenly.

    Reference: Portelas, Colas, Hofmann and Oudeyer, "Teacher algorithms for curriculum learning of deep RL in
        continuously parameterized environments", CoRL 2019.
    """

    count: Annotated[int, Field(gt=0)] = 1
    every: Annotated[int, Field(ge=20)] = 250
    most: Annotated[int, Field(ge=2)] = 10
    share_random: Annotated[float, Field(ge=0, le=1)] = 0.2
    _recent: deque[Episode] = field(default_factory=deque, init=False, repr=False)
    _older: dict[str, float | None] = field(default_factory=dict, init=False, repr=False)
    _episodes: int = field(default=0, init=False, repr=False)
    _basis: tuple[Mapping[str, float | None], Sequence[Episode]] = field(default=({}, ()), init=False, repr=False)
    _sign: float = field(default=0.0, init=False, repr=False)
    _fitted: tuple[object, NDArray[np.float64], Mixture | None] | None = field(default=None, init=False, repr=False)

    def sample(self, instances: Sequence[Instance], rng: Generator) -> Sequence[Instance]:
        """Draw instances one after the other, each once."""
        if len(instances) <= self.count:
            return instances
        points, mixture = self._fit(instances)
        progress = np.zeros(1) if mixture is None else np.maximum(mixture.means[:, -1], 0.0)
        left = np.ones(len(instances), bool)
        picked = []
        for _ in range(self.count):
            if mixture is None or progress.sum() <= 0 or rng.random() < self.share_random:
                place = int(rng.choice(np.flatnonzero(left)))
            else:
                part = int(rng.choice(len(progress), p=progress / progress.sum()))
                noise = mixture.roots[part][:-1, :-1] @ rng.standard_normal(points.shape[1])
                target = np.clip(mixture.means[part][:-1] + noise, 0.0, 1.0)
                place = int(np.argmin(np.where(left, ((points - target) ** 2).sum(axis=1), np.inf)))
            left[place] = False
            picked.append(instances[place])
        return picked

    def observe(self, trial: Trial) -> None:
        """Note the scores; what a fit is made of changes only at its time."""
        self._sign = direction(trial) or self._sign
        for scored in trial.outcomes:
            self._recent.append((scored.instance, scored.outcome.score))
            self._episodes += 1
            if len(self._recent) > self.every:
                name, score = self._recent.popleft()
                self._older[name] = score
            if self._episodes % self.every == 0:
                self._basis = (dict(self._older), tuple(self._recent))

    def _fit(self, instances: Sequence[Instance]) -> tuple[NDArray[np.float64], Mixture | None]:
        """Return the instances as points, and the mixture that follows from the basis; kept until either changes."""
        key = (self._episodes // self.every, self._sign, tuple(instance.id for instance in instances))
        if self._fitted is None or self._fitted[0] != key:
            points = _points(instances)
            mixture = None
            if points.shape[1] and self._basis[1]:
                rows = self._progress(dict(zip(key[2], points, strict=True)))
                mixture = best_mixture(rows, range(2, self.most + 1)) if len(rows) else None
            self._fitted = (key, points, mixture)
        return self._fitted[1], self._fitted[2]

    def _progress(self, where: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return (point, ALP) of the episodes of the basis on these instances, shape (n, d + 1)."""
        older, recent = self._basis
        known = [score for score in (*older.values(), *(s for _, s in recent)) if score is not None]
        low, high = min(known, default=0.0), max(known, default=0.0)
        worst, span = (high if self._sign < 0 else low), (high - low) or 1.0
        latest = {name: score for name, score in older.items() if name in where}
        rows = []
        for name, score in recent:
            if name not in where:
                continue
            near = name
            if latest and name not in latest:
                near = min(latest, key=lambda other: float(((where[other] - where[name]) ** 2).sum()))
            now, before = (worst if s is None else s for s in (score, latest.get(near, score)))
            rows.append((*where[name], abs(now - before) / span))
            latest[name] = score
        return np.array(rows, np.float64)


def _points(instances: Sequence[Instance]) -> NDArray[np.float64]:
    """Return the numeric parameters that all instances have and that differ, scaled to [0, 1], shape (n, d)."""
    names = sorted(set.intersection(*({*instance.params} for instance in instances)))
    numeric = [n for n in names if all(_is_number(instance.params[n]) for instance in instances)]
    raw = np.array([[float(instance.params[n]) for n in numeric] for instance in instances], np.float64)
    low, high = (raw.min(axis=0), raw.max(axis=0)) if numeric else (np.zeros(0), np.zeros(0))
    varied = high > low
    scaled: NDArray[np.float64] = (raw[:, varied] - low[varied]) / (high - low)[varied]
    return scaled


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
