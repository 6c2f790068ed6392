"""Three trainings of 60 steps at one learning rate each."""

from __future__ import annotations

from typing import Any

import numpy as np
from evolve_problems._shared.training import TrainingTask, descend
from evolve_problems.optimizer_search import evaluate as full

from evolve import Candidate, Instance, Outcome

TASKS = {
    task.id: task
    for task in (
        TrainingTask("quadratic", "quadratic", (40,), 60, 16, (0.03,), 1, 0.3, hardness=100.0),
        TrainingTask("sparse", "sparse", (60,), 60, 16, (0.03,), 3, 0.25, hardness=0.5),
        TrainingTask("softmax", "digits", (), 60, 16, (0.03,), 4, 0.25),
    )
}


def instances() -> list[Instance]:
    """Return the trainings."""
    return [Instance(name) for name in TASKS]


def evaluate(candidate: Candidate, instance: Instance) -> Outcome:
    """Return how far a rule comes."""
    task = TASKS[instance.id]

    def rule(*asked: Any) -> Any:
        return candidate.call("update", *asked)

    with np.errstate(all="ignore"):
        return Outcome.ok(task.progress(*descend(rule, task, task.rates)))


probe = full.probe
