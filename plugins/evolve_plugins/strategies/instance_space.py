"""`InstanceSpace`: the instances that differ in some numeric parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from evolve.instance import Instance

__all__ = ["InstanceSpace"]


@dataclass(frozen=True, slots=True)
class InstanceSpace:
    """Instances as points, one axis per parameter.

    Args:
        ranges: by parameter: lowest value, highest value, and the largest change of one mutation.

    Raises:
        ValueError: a range is upside down, or its change is negative.
    """

    ranges: Mapping[str, tuple[float, float, float]]

    def __post_init__(self) -> None:
        for key, (low, high, step) in self.ranges.items():
            if not (low <= high and step >= 0):
                raise ValueError(f"ranges.{key}: write [lowest, highest, largest change], not {[low, high, step]}")

    def mutant(self, parent: Instance, name: str, rng: Generator) -> Instance:
        """Return a changed copy: each parameter moves evenly by at most its largest change; whole numbers stay whole.

        Args:
            parent: the instance to start from; parameters that it lacks are not added.
            name: id of the copy.
            rng: the random stream.
        """
        params = dict(parent.params)
        for key, (low, high, step) in self.ranges.items():
            if key in params:
                moved = min(high, max(low, params[key] + rng.uniform(-step, step)))
                params[key] = round(moved) if isinstance(params[key], int) else float(moved)
        return replace(parent, id=name, params=params, parents=(parent.id,))

    def novelty(self, instance: Instance, others: Iterable[Instance], neighbours: int) -> float:
        """Return the mean distance to the nearest others, each range scaled to 1; infinity where there is none.

        Args:
            instance: the one to look at.
            others: to compare it with.
            neighbours: how many of them count.
        """
        point = self._point(instance)
        distances = sorted(float(np.linalg.norm(point - self._point(other))) for other in others)
        return float(np.mean(distances[:neighbours])) if distances else np.inf

    def _point(self, instance: Instance) -> NDArray[np.float64]:
        scaled = [
            (instance.params.get(key, low) - low) / (high - low) if high > low else 0.0
            for key, (low, high, _) in self.ranges.items()
        ]
        return np.array(scaled)
