"""`descend`: train a task's weights with a rule."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from evolve_problems._shared.training.nets import Vector
from evolve_problems._shared.training.tasks import TrainingTask, objective_of

__all__ = ["Descent", "Rule", "descend"]

State: TypeAlias = float | Vector
Rule: TypeAlias = Callable[[Vector, Vector, float, State, State], tuple[Any, State, State]]
"""`rule(w, g, lr, v1, v2)` returns what is subtracted from the weights w, and the two new slots of state."""

HOPELESS = 100.0
"""A minibatch's loss over the first loss at which a training is given up."""
_CHECKS = 3
_TAIL = 20  # the last twentieth of the steps has the checks


@dataclass(frozen=True, slots=True)
class Descent:
    """How a training went.

    Args:
        losses: of the minibatches, step by step, before the step; shorter when it was given up.
        first: loss before the first step.
        final: mean loss near the end; infinity when it was given up.
    """

    losses: tuple[float, ...]
    first: float
    final: float

    @property
    def diverged(self) -> bool:
        """True when the weights or the loss became NaN, infinite or hopeless."""
        return not math.isfinite(self.final)


def descend(rule: Rule, task: TrainingTask, rate: float) -> Descent:
    """Train with a cosine schedule from a learning rate down to 0.

    Args:
        rule: how weights move. Both slots of state start at 0.
        task: what is trained.
        rate: the first learning rate, > 0.
    """
    objective = objective_of(task)
    w = objective.start()
    first = objective.loss(w)
    v1: State = 0.0
    v2: State = 0.0
    losses: list[float] = []
    checked: list[float] = []
    checks = {task.steps - k * max(1, task.steps // _TAIL // (_CHECKS - 1)) for k in range(_CHECKS)}
    with np.errstate(all="ignore"):
        for step in range(task.steps):
            loss, g = objective.step(w, step)
            if not loss <= HOPELESS * first:
                return Descent(tuple(losses), first, math.inf)
            losses.append(loss)
            lr = rate * 0.5 * (1.0 + math.cos(math.pi * step / task.steps))
            update, v1, v2 = rule(w, g, lr, v1, v2)
            w = w - update
            if step + 1 in checks:
                checked.append(objective.loss(w))
    final = sum(checked) / len(checked)
    hopeless = not (final <= HOPELESS * first and np.isfinite(w).all())
    return Descent(tuple(losses), first, math.inf if hopeless else final)
