"""Gaussian mixtures by expectation maximisation, and the choice of their number of components."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mixture", "best_mixture", "fit_mixture"]

Array = NDArray[np.float64]

_ROUNDS = 50
_LLOYD_ROUNDS = 5
_ENOUGH = 1e-3
_FLOOR = 1e-6
"""Added to every variance, so that points that coincide are no trouble."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """A Gaussian mixture with full covariances.

    Args:
        weights: shape (k,), sum 1.
        means: shape (k, d).
        roots: Cholesky factors of the covariances, lower triangular, shape (k, d, d).
        aic: Akaike's information criterion of the fit, lower is better.
    """

    weights: Array
    means: Array
    roots: Array
    aic: float


def best_mixture(points: Array, sizes: Iterable[int]) -> Mixture | None:
    """Return the mixture of lowest AIC, or None when there are too few points for any.

    Args:
        points: shape (n, d).
        sizes: numbers of components to try; those that have fewer than d + 1 points each are left out.
    """
    count, width = points.shape
    fits = [fit_mixture(points, size) for size in sizes if size * (width + 1) <= count]
    return min(fits, key=lambda fit: fit.aic, default=None)


def fit_mixture(points: Array, size: int) -> Mixture:
    """Fit a mixture by expectation maximisation, from a start without chance: k-means from centres far apart.

    Args:
        points: shape (n, d), n >= `size`.
        size: number of components, > 0.

    Reference: Dempster, Laird and Rubin, "Maximum likelihood from incomplete data via the EM algorithm", 1977.
    """
    count, width = points.shape
    shares = _start(points, size)
    before = -math.inf
    for _ in range(_ROUNDS):
        sizes = shares.sum(axis=1) + 1e-12
        means = shares @ points / sizes[:, None]
        away = points[None] - means[:, None]
        spread = (shares[:, :, None] * away).transpose(0, 2, 1) @ away / sizes[:, None, None]
        roots = np.linalg.cholesky(spread + _FLOOR * np.eye(width))
        weights = sizes / sizes.sum()
        logs = np.log(weights)[:, None] + _log_density(away, roots)
        highest = logs.max(axis=0)
        total = highest + np.log(np.exp(logs - highest).sum(axis=0))
        shares = np.exp(logs - total)
        likelihood = float(total.sum())
        if likelihood - before < _ENOUGH * count:
            break
        before = likelihood
    free = size - 1 + size * width + size * width * (width + 1) // 2
    return Mixture(weights, means, roots, 2.0 * free - 2.0 * likelihood)


def _log_density(away: Array, roots: Array) -> Array:
    """Return the logarithm of each component's density at each point, shape (k, n), from differences to its mean."""
    width = away.shape[2]
    scaled = away @ np.linalg.inv(roots).transpose(0, 2, 1)
    volume = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
    density: Array = -0.5 * ((scaled**2).sum(axis=2) + width * math.log(2.0 * math.pi)) - volume[:, None]
    return density


def _start(points: Array, size: int) -> Array:
    """Return which component has which point, as shares of 0 and 1, shape (k, n)."""
    scaled = points / (points.std(axis=0) + 1e-12)
    chosen = [int(np.argmax(((scaled - scaled.mean(axis=0)) ** 2).sum(axis=1)))]
    nearest = ((scaled - scaled[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < size:
        chosen.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, ((scaled - scaled[chosen[-1]]) ** 2).sum(axis=1))
    centres = scaled[chosen]
    for _ in range(_LLOYD_ROUNDS):
        owner = np.argmin(((scaled[None] - centres[:, None]) ** 2).sum(axis=2), axis=0)
        shares = (owner[None] == np.arange(size)[:, None]).astype(np.float64)
        sizes = shares.sum(axis=1)
        centres = np.where(sizes[:, None] > 0, shares @ scaled / np.maximum(sizes, 1.0)[:, None], centres)
    return np.asarray(shares, np.float64)
