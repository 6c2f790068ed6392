"""`CvtMapElites`: the best trial of each of k cells that share out a space of any number of measures."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from evolve.errors import ConfigError, did_you_mean
from evolve_plugins.archives.cells import Cells

__all__ = ["CvtMapElites", "centroids"]

_ROUNDS = 100
"""How often the centroids move at most; they rarely move on after 50 rounds."""

_FEW = 2000
"""Up to so many centroids, looking at all of them is faster than a tree."""


@dataclass
class CvtMapElites(Cells):
    """Keep one elite per region of a centroidal Voronoi tessellation; the number of cells is free of the measures'.

    Each measure is scaled by its range to 0..1; a trial belongs to the nearest centroid. A value outside a range counts
    as the nearest inside, and the first is logged as a warning. A trial without one of the measures is a mistake.

    Args:
        axes: the measures, at least one, and their ranges.
        cells: how many there are.
        samples: uniform points whose k means become the centroids, at least as many as cells.
        seed: of the samples.

    Reference: Vassiliades, Chatzilygeroudis and Mouret, "Using centroidal Voronoi tessellations to scale up the
        multidimensional archive of phenotypic elites algorithm", IEEE Trans. Evolutionary Computation 22(4), 2018.
        25,000 samples as there; k-means is Lloyd's, started from the first samples.
    """

    cells: Annotated[int, Field(gt=0)] = 1000
    samples: Annotated[int, Field(gt=0)] = 25_000
    seed: Annotated[int, Field(ge=0)] = 0

    def __post_init__(self) -> None:
        if self.samples < self.cells:
            raise ConfigError(f"cvt_map_elites: {self.cells} cells need as many samples or more, not {self.samples}")

    def place(self, measures: Mapping[str, float]) -> int:
        """Return the number of the centroid that is nearest.

        Raises:
            ConfigError: a measure is missing.
        """
        point = [self._share(axis.measure, axis.low, axis.high, measures) for axis in self.axes]
        return _finder(self.cells, len(self.axes), self.samples, self.seed)(point)

    def _share(self, name: str, low: float, high: float, measures: Mapping[str, float]) -> float:
        try:
            value = measures[name]
        except KeyError:
            hint = did_you_mean(name, measures) or "; the judge returned no measure at all"
            raise ConfigError(f"cvt_map_elites: a trial has no measure {name!r}{hint}") from None
        return (min(high, max(low, value)) - low) / (high - low)


def centroids(cells: int, dimensions: int, samples: int = 25_000, seed: int = 0) -> NDArray[np.float64]:
    """Spread points over the unit cube so that their cells are of about equal size.

    Args:
        cells: how many points, <= samples.
        dimensions: of the cube, > 0.
        samples: how many uniform samples stand for the cube.
        seed: of the samples.

    Returns:
        Array of shape (cells, dimensions).
    """
    from scipy.spatial import cKDTree

    points = np.random.default_rng(seed).random((samples, dimensions))
    centres = points[:cells].copy()
    previous = np.full(samples, -1)
    for _ in range(_ROUNDS):
        nearest = cKDTree(centres).query(points)[1]
        if np.array_equal(nearest, previous):
            break
        previous = nearest
        count = np.bincount(nearest, minlength=cells)
        some = count > 0
        for axis in range(dimensions):
            total = np.bincount(nearest, weights=points[:, axis], minlength=cells)
            centres[some, axis] = total[some] / count[some]
    return centres


@functools.cache
def _finder(cells: int, dimensions: int, samples: int, seed: int) -> Callable[[Sequence[float]], int]:
    """Return a function that finds the centroid nearest to a point."""
    centres = centroids(cells, dimensions, samples, seed)
    if cells > _FEW:
        from scipy.spatial import cKDTree

        tree = cKDTree(centres)
        return lambda point: int(tree.query(point)[1])
    halves = (centres**2).sum(axis=1) / 2.0  # |p - c|^2 = |p|^2 + 2 (|c|^2 / 2 - p c)
    return lambda point: int((halves - centres @ np.array(point)).argmin())
