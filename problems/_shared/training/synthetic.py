"""Made-up losses that no constant trick minimises: optima lie off zero, axes are turned, gradients noisy.

Each has a loss without noise and noisy gradients of it. All draws come from the seed: the n-th gradient has the same
noise in every run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from evolve_problems._shared.training.nets import Vector

__all__ = ["Quadratic", "SparseRegression", "Valley"]

_Matrix = np.ndarray[Any, np.dtype[np.float64]]

_TAILS = 2.0  # degrees of freedom of the noise: now and then it is huge, as in the training of large nets


@dataclass(frozen=True)
class Quadratic:
    """Half the squared distance to an optimum, stretched along turned axes.

    Args:
        dimension: number of weights.
        condition: the largest curvature, 1, over the smallest; between them they are spread evenly in the logarithm.
        noise: standard deviation of a gradient's coordinate.
        steps: how many gradients there are; a larger number starts over.
        seed: of everything random.
    """

    dimension: int
    condition: float
    noise: float
    steps: int
    seed: int
    _optimum: Vector = field(init=False, repr=False)
    _curvature: _Matrix = field(init=False, repr=False)
    _noise: _Matrix = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng((1, self.seed))
        turned = _rotation(rng, self.dimension)
        curvatures = np.logspace(-np.log10(self.condition), 0.0, self.dimension)
        object.__setattr__(self, "_curvature", (turned * curvatures) @ turned.T)
        object.__setattr__(
            self, "_optimum", rng.normal(0.0, 1.0, self.dimension) + rng.choice([-1.0, 1.0], self.dimension)
        )
        object.__setattr__(self, "_noise", self.noise * rng.standard_t(_TAILS, (self.steps, self.dimension)))

    def start(self) -> Vector:
        """Return the first weights: all 0, at a distance of about 1.4 a coordinate from the optimum."""
        return np.zeros(self.dimension)

    def step(self, w: Vector, number: int) -> tuple[Vector, Vector]:
        """Return the loss, (...), and a noisy gradient, (..., dimension).

        Args:
            w: all weights, (..., dimension).
            number: of the step; it chooses the noise.
        """
        away = w - self._optimum
        pull = away @ self._curvature
        return 0.5 * np.add.reduce(away * pull, axis=-1), pull + self._noise[number % self.steps]

    def loss(self, w: Vector) -> Vector:
        """Return the loss."""
        return self.step(w, 0)[0]


@dataclass(frozen=True)
class Valley:
    """A chain of Rosenbrock's curved valleys, shifted and turned: its axes are none of the weights'.

    Args:
        dimension: number of weights.
        steepness: of the walls; Rosenbrock's has 100.
        noise: standard deviation of a gradient's coordinate.
        steps: how many gradients there are; a larger number starts over.
        seed: of everything random.

    Reference: Rosenbrock, "An automatic method for finding the greatest or least value of a function", 1960.
    """

    dimension: int
    steepness: float
    noise: float
    steps: int
    seed: int
    _shift: Vector = field(init=False, repr=False)
    _turned: _Matrix = field(init=False, repr=False)
    _noise: _Matrix = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng((2, self.seed))
        object.__setattr__(self, "_turned", _rotation(rng, self.dimension))
        object.__setattr__(self, "_shift", rng.normal(0.0, 1.0, self.dimension))
        object.__setattr__(self, "_noise", self.noise * rng.standard_t(_TAILS, (self.steps, self.dimension)))

    def start(self) -> Vector:
        """Return the first weights: the point of the valley's frame whose coordinates are -1 and 1 in turn."""
        point = np.where(np.arange(self.dimension) % 2, 1.0, -1.0)
        return self._turned @ point + self._shift

    def step(self, w: Vector, number: int) -> tuple[Vector, Vector]:
        """Return the loss, (...), and a noisy gradient, (..., dimension).

        Args:
            w: all weights, (..., dimension).
            number: of the step; it chooses the noise.
        """
        z = (w - self._shift) @ self._turned
        before = z[..., :-1]
        off, ahead = z[..., 1:] - before * before, 1.0 - before
        loss = np.add.reduce(self.steepness * off * off + ahead * ahead, axis=-1) / self.dimension
        slope = np.zeros_like(z)
        slope[..., :-1] = -4.0 * self.steepness * off * before - 2.0 * ahead
        slope[..., 1:] += 2.0 * self.steepness * off
        return loss, slope @ self._turned.T / self.dimension + self._noise[number % self.steps]

    def loss(self, w: Vector) -> Vector:
        """Return the loss."""
        return self.step(w, 0)[0]


@dataclass(frozen=True)
class SparseRegression:
    """Least squares with features that are rarely on, of unlike sizes, a truth with few entries, and noisy targets.

    Args:
        dimension: number of weights.
        batch: examples in a gradient.
        noise: standard deviation of a target's error.
        steps: how many gradients there are; a larger number starts over.
        seed: of everything random.
    """

    dimension: int
    batch: int
    noise: float
    steps: int
    seed: int
    _truth: Vector = field(init=False, repr=False)
    _spread: Vector = field(init=False, repr=False)
    _inputs: _Matrix = field(init=False, repr=False)
    _targets: _Matrix = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng((3, self.seed))
        often = rng.uniform(0.05, 0.6, self.dimension)
        size = np.exp(rng.normal(0.0, 0.6, self.dimension))
        truth = rng.choice([-1.5, 1.5], self.dimension) * (rng.random(self.dimension) < 0.25)
        shape = (self.steps, self.batch, self.dimension)
        inputs = rng.normal(0.0, 1.0, shape) * size * (rng.random(shape) < often)
        object.__setattr__(self, "_truth", truth)
        object.__setattr__(self, "_spread", size**2 * often)
        object.__setattr__(self, "_inputs", inputs)
        object.__setattr__(self, "_targets", inputs @ truth + self.noise * rng.standard_t(_TAILS, shape[:2]))

    def start(self) -> Vector:
        """Return the first weights: a half each, which is right for none."""
        return np.full(self.dimension, 0.5)

    def step(self, w: Vector, number: int) -> tuple[Vector, Vector]:
        """Return a batch's loss, (...), and its gradient, (..., dimension).

        Args:
            w: all weights, (..., dimension).
            number: of the step; it chooses the batch.
        """
        inputs = self._inputs[number % self.steps]
        miss = w @ inputs.T - self._targets[number % self.steps]
        return 0.5 * np.add.reduce(miss * miss, axis=-1) / self.batch, miss @ inputs / self.batch

    def loss(self, w: Vector) -> Vector:
        """Return the expected loss over all inputs, less the part that the targets' noise adds."""
        away = w - self._truth
        return 0.5 * np.add.reduce(self._spread * away * away, axis=-1)


def _rotation(rng: np.random.Generator, dimension: int) -> _Matrix:
    """Draw a rotation (or reflection) that favours no direction."""
    found, scale = np.linalg.qr(rng.normal(0.0, 1.0, (dimension, dimension)))
    turned: _Matrix = found * np.sign(np.diag(scale))
    return turned
