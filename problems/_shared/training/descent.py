"""`descend`: train a task's weights with a rule, at several learning rates side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from evolve_problems._shared.training.nets import Vector
from evolve_problems._shared.training.tasks import TrainingTask, objective_of

__all__ = ["Descent", "Rule", "descend"]

Rows = np.ndarray[Any, np.dtype[np.float64]]
Rule: TypeAlias = Callable[[Rows, Rows, Rows, Any, Any], tuple[Any, Any, Any]]
"""`rule(w, g, lr, v1, v2)` returns what is subtracted from the weights w, and the two new slots of state.

w and g have one row a training, lr is a column. Each answer is such an array, such a column, or one number.
"""

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


def descend(rule: Rule, task: TrainingTask, rates: Sequence[float]) -> tuple[Descent, ...]:
    """Train with cosine schedules from learning rates down to 0, and return what became of each.

    A training that is given up has weights of NaN from then on.

    Args:
        rule: how weights move. Both slots of state start at 0.
        task: what is trained.
        rates: the first learning rate of each training, > 0.
    """
    objective = objective_of(task)
    start = objective.start()
    first = float(objective.loss(start))
    w: Rows = np.tile(start, (len(rates), 1))
    highest = np.asarray(rates, dtype=np.float64)[:, None]
    v1: Any = 0.0
    v2: Any = 0.0
    made = np.zeros(len(rates), dtype=int)  # steps, before a training was given up
    losses: list[Vector] = []
    checked: list[Vector] = []
    checks = {task.steps - k * max(1, task.steps // _TAIL // (_CHECKS - 1)) for k in range(_CHECKS)}
    with np.errstate(all="ignore"):
        for step in range(task.steps):
            loss, g = objective.step(w, step)
            hopeful = loss <= HOPELESS * first
            if not hopeful.all():
                if not hopeful.any():
                    break
                w[~hopeful] = np.nan
            made += hopeful
            losses.append(loss)
            update, v1, v2 = rule(w, g, highest * (0.5 * (1.0 + math.cos(math.pi * step / task.steps))), v1, v2)
            w = w - update
            if step + 1 in checks:
                checked.append(objective.loss(w))
        final = sum(checked) / _CHECKS if len(checked) == _CHECKS else np.full(len(rates), np.nan)
        final[~((final <= HOPELESS * first) & np.isfinite(w).all(axis=1))] = np.inf
    curves = np.array(losses).T
    ends = zip(curves, made, final, strict=True)
    return tuple(Descent(tuple(curve[:count].tolist()), first, float(end)) for curve, count, end in ends)
