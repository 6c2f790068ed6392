"""Twelve functions to minimise, shifted and rotated; each is 0 at its optimum and positive elsewhere.

Reference: N. Hansen, S. Finck, R. Ros, A. Auger, "Real-parameter black-box optimization benchmarking 2009: noiseless
functions definitions", INRIA RR-6829, 2009, for their shapes. All take an (n, d) array and return n values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["FUNCTIONS", "Landscape"]

Array = np.ndarray[Any, np.dtype[np.float64]]


def _weights(x: Array, decades: float) -> Array:
    weights: Array = 10.0 ** np.linspace(0.0, decades, x.shape[1])
    return weights


def _rosenbrock(x: Array) -> Array:
    y = x + 1.0
    valley: Array = (100.0 * (y[:, 1:] - y[:, :-1] ** 2) ** 2 + (y[:, :-1] - 1.0) ** 2).sum(axis=1)
    return valley


def _rastrigin(x: Array) -> Array:
    hills: Array = 10.0 * (1.0 - np.cos(2.0 * np.pi * x)).sum(axis=1) + (x**2).sum(axis=1)
    return hills


def _ackley(x: Array) -> Array:
    far: Array = -20.0 * np.expm1(-0.2 * np.sqrt((x**2).mean(axis=1)))
    waves: Array = np.e - np.exp(np.cos(2.0 * np.pi * x).mean(axis=1))
    return far + waves


def _griewank(x: Array) -> Array:
    y = 10.0 * x
    waves = np.cos(y / np.sqrt(np.arange(1, x.shape[1] + 1))).prod(axis=1)
    bowl: Array = 1.0 + (y**2).sum(axis=1) / 4000.0 - waves
    return bowl


FUNCTIONS: Mapping[str, Callable[[Array], Array]] = {
    "sphere": lambda x: (x**2).sum(axis=1),
    "ellipsoid": lambda x: (_weights(x, 3.0) * x**2).sum(axis=1),
    "discus": lambda x: 1e3 * x[:, 0] ** 2 + (x[:, 1:] ** 2).sum(axis=1),
    "cigar": lambda x: x[:, 0] ** 2 + 1e3 * (x[:, 1:] ** 2).sum(axis=1),
    "different powers": lambda x: (np.abs(x) ** np.linspace(2.0, 5.0, x.shape[1])).sum(axis=1),
    "sharp ridge": lambda x: x[:, 0] ** 2 + 10.0 * np.sqrt((x[:, 1:] ** 2).sum(axis=1)),
    "absolute values": lambda x: np.abs(x).sum(axis=1),
    "largest value": lambda x: np.abs(x).max(axis=1),
    "rosenbrock": _rosenbrock,
    "rastrigin": _rastrigin,
    "ackley": _ackley,
    "griewank": _griewank,
}
"""The functions by name, with their optimum at 0."""


class Landscape:
    """Some functions, each with several searches on shifts and rotations of its own.

    Args:
        names: of the functions.
        dimension: of all of them.
        searches: how many on each function.
        seed: of shifts, rotations and starting points.
    """

    def __init__(self, names: tuple[str, ...], dimension: int, searches: int, seed: int) -> None:
        rng = np.random.default_rng((seed, dimension))
        self._names, self._searches = names, searches
        count = len(names) * searches
        self._optimum = rng.uniform(-3.0, 3.0, (count, dimension))
        self._turn = np.linalg.qr(rng.normal(size=(count, dimension, dimension)))[0]
        self.start = rng.uniform(-4.0, 4.0, (count, dimension))
        self.names = tuple(name for name in names for _ in range(searches))

    def values(self, points: Array) -> Array:
        """Return how far each search is above its optimal value.

        Args:
            points: (searches of all functions, dimension) array.
        """
        turned = np.einsum("nij,nj->ni", self._turn, points - self._optimum)
        parts = np.split(turned, len(self._names))
        with np.errstate(over="ignore"):
            return np.concatenate([FUNCTIONS[name](part) for name, part in zip(self._names, parts, strict=True)])
