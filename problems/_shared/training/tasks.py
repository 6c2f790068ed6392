"""`TrainingTask`: something to be trained, described by plain numbers, and the objective that it stands for."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from evolve_problems._shared.training.classification import digits_task, teacher_task
from evolve_problems._shared.training.nets import Vector
from evolve_problems._shared.training.synthetic import Quadratic, SparseRegression, Valley

if TYPE_CHECKING:
    from evolve_problems._shared.training.descent import Descent

__all__ = ["Kind", "Objective", "TrainingTask", "objective_of"]

Kind = Literal["quadratic", "valley", "sparse", "digits", "teacher"]

WORST, BEST = -1.0, 2.0
"""Bounds of a score; 0 is no progress, 1 what the reference reaches."""
_FLOOR = 1e-4  # of the first loss: what lies below counts as this
_BREADTH = 0.1  # weight of the mean over all learning rates beside the best one


class Objective(Protocol):
    """What a descent goes down on. Weights are one vector, or several as the rows of an array; so are the answers."""

    def start(self) -> Vector:
        """Return the first weights."""

    def step(self, w: Vector, number: int) -> tuple[Vector, Vector]:
        """Return the loss and the gradient of minibatch `number`."""

    def loss(self, w: Vector) -> Vector:
        """Return the loss that counts."""


@dataclass(frozen=True, slots=True)
class TrainingTask:
    """Something to be trained.

    Args:
        id: its name.
        kind: which family of losses it is of.
        size: number of weights of a made-up loss, or units of each hidden layer of a net.
        steps: how many steps a training has.
        batch: examples in a minibatch; with made-up losses, the noise of a gradient goes down with its square root.
        rates: the learning rates that every rule is tried with.
        seed: of everything random in it.
        reference: the final loss that earns a score of 1.
        cost: about how much dearer it is than the small ones: 1, 10 or 100.
        bend: what hidden units of a net do.
        hardness: condition of a quadratic, steepness of a valley's walls, noise of a regression's targets.
        sealed: it is only looked at in the end.
    """

    id: str
    kind: Kind
    size: tuple[int, ...]
    steps: int
    batch: int
    rates: tuple[float, ...]
    seed: int
    reference: float
    cost: int = 1
    bend: Literal["tanh", "relu"] = "tanh"
    hardness: float = 1.0
    sealed: bool = False

    def progress(self, descent: Descent) -> float:
        """Return how far a training came, from -1 (diverged, or far above where it began) over 0 to at most 2.

        It is the logarithm of the first over the final loss, in units of what the reference reaches: 1 is as good as
        the reference.
        """
        if descent.diverged:
            return WORST
        gained = math.log(descent.first / max(descent.final, _FLOOR * descent.first))
        wanted = math.log(descent.first / self.reference)
        return min(max(gained / wanted, WORST), BEST)

    def score(self, progress: Sequence[float]) -> float:
        """Return a rule's score from its progress at each learning rate: mostly the best, a little their mean."""
        return (1.0 - _BREADTH) * max(progress) + _BREADTH * sum(progress) / len(progress)


@functools.lru_cache(maxsize=64)
def objective_of(task: TrainingTask) -> Objective:
    """Return what a task's descents go down on; it is made once."""
    noise = 1.0 / math.sqrt(task.batch)
    match task.kind:
        case "quadratic":
            return Quadratic(task.size[0], task.hardness, noise, task.steps, task.seed)
        case "valley":
            return Valley(task.size[0], task.hardness, noise, task.steps, task.seed)
        case "sparse":
            return SparseRegression(task.size[0], task.batch, task.hardness, task.steps, task.seed)
        case "digits":
            return digits_task(task.size, task.bend, task.batch, task.steps, task.seed, sealed=task.sealed)
        case "teacher":
            return teacher_task(task.size, task.bend, task.batch, task.steps, task.seed)
