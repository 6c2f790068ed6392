"""Nets to be trained: on handwritten digits, or on what another net says of random inputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from evolve_problems._shared.training import digits
from evolve_problems._shared.training.nets import Net, Vector

__all__ = ["Classification", "digits_task", "teacher_task"]

Examples: TypeAlias = tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.float64]]]
"""Inputs, one row an example, and 1 at the class of each."""

_KEPT = 4_000_000  # bytes of minibatches that are cut out once and kept


@dataclass(frozen=True)
class Classification:
    """A net, examples to train it on in minibatches, and others to judge it by.

    Args:
        net: which.
        learnt: examples that the minibatches are drawn from, with replacement.
        judged: examples of the loss.
        batch: examples in a minibatch.
        steps: how many minibatches there are; a larger number starts over.
        seed: of the first weights and of the minibatches.
    """

    net: Net
    learnt: Examples = field(repr=False)
    judged: Examples = field(repr=False)
    batch: int
    steps: int
    seed: int
    _start: Vector = field(init=False, repr=False)
    _drawn: np.ndarray[Any, np.dtype[np.int64]] = field(init=False, repr=False)
    _cut: list[Examples] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng((4, self.seed))
        x, y = self.learnt
        drawn = rng.integers(len(y), size=(self.steps, self.batch))
        small = drawn.size * x.shape[1] * x.itemsize <= _KEPT
        object.__setattr__(self, "_start", self.net.start(rng))
        object.__setattr__(self, "_drawn", drawn)
        object.__setattr__(self, "_cut", [(x[chosen], y[chosen]) for chosen in drawn] if small else [])

    def start(self) -> Vector:
        """Return the first weights."""
        return self._start.copy()

    def step(self, w: Vector, number: int) -> tuple[Vector, Vector]:
        """Return a minibatch's loss, (...), and its gradient, (..., count).

        Args:
            w: all weights, (..., count).
            number: of the step; it chooses the minibatch.
        """
        place = number % self.steps
        if self._cut:
            x, y = self._cut[place]
        else:
            chosen = self._drawn[place]
            x, y = self.learnt[0][chosen], self.learnt[1][chosen]
        return self.net.loss_and_gradient(w, x, y)

    def loss(self, w: Vector) -> Vector:
        """Return the loss on the examples that the net is judged by."""
        return self.net.loss(w, *self.judged)


def digits_task(
    hidden: tuple[int, ...], bend: Literal["tanh", "relu"], batch: int, steps: int, seed: int, *, sealed: bool
) -> Classification:
    """Return the task to read handwritten digits.

    Args:
        hidden: units of each hidden layer.
        bend: what they do.
        batch: images in a minibatch.
        steps: how many minibatches there are.
        seed: of the first weights and of the minibatches.
        sealed: judge by images that no other task looks at.
    """
    net = Net((digits.PIXELS, *hidden, digits.CLASSES), bend)
    learnt, judged = _digits("train"), _digits("test" if sealed else "validation")
    return Classification(net, learnt, judged, batch, steps, seed)


def teacher_task(
    hidden: tuple[int, ...], bend: Literal["tanh", "relu"], batch: int, steps: int, seed: int
) -> Classification:
    """Return the task to agree with a fixed random net, whose answers are drawn, not certain; examples are plentiful.

    Args:
        hidden: units of each hidden layer.
        bend: what they do.
        batch: examples in a minibatch.
        steps: how many minibatches there are.
        seed: of everything random.
    """
    rng = np.random.default_rng((5, seed))
    inputs, classes = 24, 6
    teacher = Net((inputs, 12, classes), "tanh")
    weights = 3.0 * teacher.start(rng)
    size = np.exp(rng.normal(0.0, 0.7, inputs))

    def draw(count: int) -> Examples:
        x = rng.normal(0.0, 1.0, (count, inputs))
        noise = rng.gumbel(0.0, 0.5, (count, classes))
        return _examples(x * size, np.argmax(teacher.scores(weights, x) + noise, axis=1), classes)

    learnt = draw(min(batch * steps, 40_000))
    return Classification(Net((inputs, *hidden, classes), bend), learnt, draw(500), batch, steps, seed)


def _digits(part: digits.Part) -> Examples:
    x, labels = digits.load(part)
    return _examples(x, labels, digits.CLASSES)


def _examples(x: np.ndarray[Any, np.dtype[np.float64]], labels: np.ndarray[Any, Any], classes: int) -> Examples:
    return x, np.eye(classes)[labels]
