"""Nets of full layers on flat weight vectors, one or several at once, with gradients written out by hand."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

__all__ = ["Net", "Vector"]

Vector = np.ndarray[Any, np.dtype[np.float64]]
_Matrix = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Net:
    """A classifier: softmax regression for two sizes, one hidden layer for three, and so on.

    Args:
        sizes: inputs, hidden units of each layer, classes.
        bend: what hidden units do.
    """

    sizes: tuple[int, ...]
    bend: Literal["tanh", "relu"] = "tanh"

    @property
    def count(self) -> int:
        """How many weights there are: layer by layer, each its matrix row by row and then its biases."""
        return _places(self.sizes)[-1][2]

    def start(self, rng: np.random.Generator) -> Vector:
        """Draw first weights: normal, with a variance of 1 over the inputs of a unit (2 for relu); biases are 0.

        Args:
            rng: where they come from.
        """
        w = np.zeros(self.count)
        gain = 2.0 if self.bend == "relu" else 1.0
        for begin, middle, _, rows, _ in _places(self.sizes):
            w[begin:middle] = rng.normal(0.0, np.sqrt(gain / rows), middle - begin)
        return w

    def scores(self, w: Vector, x: _Matrix) -> _Matrix:
        """Return the last layer's values, (..., examples, classes): the softmax of a row is what the net believes.

        Args:
            w: all weights, (..., count).
            x: inputs, one row an example.
        """
        return self._forward(w, x)[-1]

    def loss(self, w: Vector, x: _Matrix, targets: _Matrix) -> Vector:
        """Return the mean cross-entropy, in nats, (...).

        Args:
            w: all weights, (..., count).
            x: inputs, one row an example.
            targets: 1 at the class of each and 0 elsewhere, (examples, classes).
        """
        return _cross_entropy(self.scores(w, x), targets)[0]

    def loss_and_gradient(self, w: Vector, x: _Matrix, targets: _Matrix) -> tuple[Vector, Vector]:
        """Return the mean cross-entropy, in nats, (...), and its exact gradient, (..., count).

        Args:
            w: all weights, (..., count).
            x: inputs, one row an example.
            targets: 1 at the class of each and 0 elsewhere, (examples, classes).
        """
        values = self._forward(w, x)
        loss, delta = _cross_entropy(values[-1], targets)
        gradient = np.empty_like(w)
        for layer, (begin, middle, end, rows, columns) in reversed(list(enumerate(_places(self.sizes)))):
            product = gradient[..., begin:middle].reshape(*w.shape[:-1], rows, columns)  # a view
            np.matmul(values[layer].swapaxes(-1, -2), delta, out=product)
            np.add.reduce(delta, axis=-2, out=gradient[..., middle:end])
            if layer:
                below = values[layer]
                delta = delta @ w[..., begin:middle].reshape(*w.shape[:-1], rows, columns).swapaxes(-1, -2)
                delta *= 1.0 - below * below if self.bend == "tanh" else below > 0.0
        return loss, gradient

    def _forward(self, w: Vector, x: _Matrix) -> list[_Matrix]:
        """Return the values of all layers, the inputs first."""
        values = [x]
        places = _places(self.sizes)
        for layer, (begin, middle, end, rows, columns) in enumerate(places, 1):
            found = values[-1] @ w[..., begin:middle].reshape(*w.shape[:-1], rows, columns)
            found += w[..., None, middle:end]
            if layer < len(places):
                found = np.tanh(found, out=found) if self.bend == "tanh" else np.maximum(found, 0.0, out=found)
            values.append(found)
        return values


@functools.cache
def _places(sizes: tuple[int, ...]) -> tuple[tuple[int, int, int, int, int], ...]:
    """Return for each layer where its matrix begins, its biases begin and end, and the matrix's rows and columns."""
    places, begin = [], 0
    for rows, columns in pairwise(sizes):
        middle = begin + rows * columns
        places.append((begin, middle, middle + columns, rows, columns))
        begin = middle + columns
    return tuple(places)


def _cross_entropy(scores: _Matrix, targets: _Matrix) -> tuple[Vector, _Matrix]:
    """Return the mean cross-entropy and its gradient with respect to the scores."""
    shifted = scores - np.maximum.reduce(scores, axis=-1, keepdims=True)
    weights = np.exp(shifted)
    total = np.add.reduce(weights, axis=-1, keepdims=True)
    count = len(targets)
    losses = np.log(total[..., 0]) - np.add.reduce(shifted * targets, axis=-1)
    loss = np.add.reduce(losses, axis=-1) / count
    weights /= total
    weights -= targets
    weights /= count
    return loss, weights
