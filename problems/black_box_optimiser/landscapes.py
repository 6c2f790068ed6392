"""Twelve functions to minimise, shifted, rotated and stretched; each is 0 at its optimum and positive elsewhere.

Reference: N. Hansen, S. Finck, R. Ros, A. Auger, "Real-parameter black-box optimization benchmarking 2009: noiseless
functions definitions", INRIA RR-6829, 2009, for their shapes. All take an (n, d) array and return n values.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["FUNCTIONS", "Landscape"]

Array = np.ndarray[Any, np.dtype[np.float64]]


@functools.cache
def _from_to(low: float, high: float, count: int) -> Array:
    return np.linspace(low, high, count)


@functools.cache
def _decades(count: int) -> Array:
    weights: Array = 10.0 ** _from_to(0.0, 3.0, count)
    return weights


@functools.cache
def _roots(count: int) -> Array:
    roots: Array = np.sqrt(np.arange(1, count + 1))
    return roots


def _sum(x: Array) -> Array:
    total: Array = np.add.reduce(x, axis=1)
    return total


def _rosenbrock(x: Array) -> Array:
    y = x + 1.0
    return _sum(100.0 * np.square(y[:, 1:] - np.square(y[:, :-1])) + np.square(x[:, :-1]))


def _rastrigin(x: Array) -> Array:
    return _sum(10.0 - 10.0 * np.cos(2.0 * np.pi * x) + np.square(x))


def _ackley(x: Array) -> Array:
    count = x.shape[1]
    far: Array = -20.0 * np.expm1(-0.2 * np.sqrt(_sum(np.square(x)) / count))
    waves: Array = np.e - np.exp(_sum(np.cos(2.0 * np.pi * x)) / count)
    return far + waves


def _griewank(x: Array) -> Array:
    y = 10.0 * x
    waves = np.multiply.reduce(np.cos(y / _roots(x.shape[1])), axis=1)
    bowl: Array = 1.0 + _sum(np.square(y)) / 4000.0 - waves
    return bowl


FUNCTIONS: Mapping[str, Callable[[Array], Array]] = {
    "sphere": lambda x: _sum(np.square(x)),
    "ellipsoid": lambda x: _sum(_decades(x.shape[1]) * np.square(x)),
    "discus": lambda x: 1e3 * np.square(x[:, 0]) + _sum(np.square(x[:, 1:])),
    "cigar": lambda x: np.square(x[:, 0]) + 1e3 * _sum(np.square(x[:, 1:])),
    "different powers": lambda x: _sum(np.abs(x) ** _from_to(2.0, 5.0, x.shape[1])),
    "sharp ridge": lambda x: np.square(x[:, 0]) + 10.0 * np.sqrt(_sum(np.square(x[:, 1:]))),
    "absolute values": lambda x: _sum(np.abs(x)),
    "largest value": lambda x: np.maximum.reduce(np.abs(x), axis=1),
    "rosenbrock": _rosenbrock,
    "rastrigin": _rastrigin,
    "ackley": _ackley,
    "griewank": _griewank,
}
"""The functions by name, with their optimum at 0."""


class Landscape:
    """Some functions, each with several searches on shifts, rotations and units of its own.

    A search's unit of length is between 0.1 and 10, so that no step size, and no schedule of them, fits all searches.

    Args:
        names: of the functions.
        dimension: of all of them.
        searches: how many on each function.
        seed: of shifts, rotations, starting points and units.
    """

    def __init__(self, names: tuple[str, ...], dimension: int, searches: int, seed: int) -> None:
        rng = np.random.default_rng((seed, dimension))
        rows = [slice(first, first + searches) for first in range(0, len(names) * searches, searches)]
        self._parts = [(FUNCTIONS[name], part) for name, part in zip(names, rows, strict=True)]
        count = len(names) * searches
        optimum = rng.uniform(-3.0, 3.0, (count, dimension))
        turn = np.linalg.qr(rng.normal(size=(count, dimension, dimension)))[0]
        start = rng.uniform(-4.0, 4.0, (count, dimension))
        unit = 10.0 ** rng.uniform(-1.0, 1.0, (count, 1))
        self.start, self._optimum, self._turn = unit * start, unit * optimum, turn / unit[:, :, None]
        self.names = tuple(name for name in names for _ in range(searches))

    def values(self, points: Array) -> Array:
        """Return how far each search is above its optimal value.

        Args:
            points: (searches of all functions, dimension) array.
        """
        turned = np.einsum("nij,nj->ni", self._turn, points - self._optimum)
        found = np.empty(len(turned))
        with np.errstate(over="ignore"):
            for function, part in self._parts:
                found[part] = function(turned[part])
        return found
