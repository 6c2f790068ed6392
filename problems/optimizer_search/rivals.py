"""What a found rule is measured against: AdamW, Lion and SGD with momentum, with free constants.

`rivals.json` has the constants that `baseline.py` tuned, and the scores that the rules have with them.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evolve_problems._shared.training import TrainingTask
from evolve_problems.optimizer_search.language import parsed

from evolve.straight import StraightProgram

__all__ = ["RIVALS", "STORE", "Rival"]

STORE = Path(__file__).with_name("rivals.json")
"""Tuned constants and scores by name of the rule."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A known rule.

    Args:
        name: of the rule.
        source: its text, with the names of constants in braces.
        usual: constants as textbooks have them, the learning rate as for AdamW.
        low: smallest value of each constant that tuning may try.
        high: largest.
    """

    name: str
    source: str
    usual: dict[str, float]
    low: dict[str, float]
    high: dict[str, float]

    @property
    def tuned(self) -> dict[str, float]:
        """Constants that CMA-ES found on the training tasks of the search."""
        return dict(_stored()[self.name]["constants"])

    def score(self, task: TrainingTask) -> float:
        """Return the stored score of the tuned rule on a task."""
        return float(_stored()[self.name]["scores"][task.id])

    def program(self, constants: dict[str, float]) -> StraightProgram:
        """Return the rule with constants filled in."""
        return parsed(self.source.format(**{name: repr(float(value)) for name, value in constants.items()}))


RIVALS = {
    "AdamW": Rival(
        "AdamW",
        """
from primitives import divide, interp, sqrt, square

def update(w, g, lr, v1, v2):
    m = interp(g, v1, {beta1})
    v = interp(square(g), v2, {beta2})
    step = divide(m, sqrt(v)) + w * {decay}
    return step * lr * {scale}, m, v
""",
        usual={"beta1": 0.9, "beta2": 0.999, "decay": 0.01, "scale": 1.0},
        low={"beta1": 0.0, "beta2": 0.5, "decay": 0.0001, "scale": 0.1},
        high={"beta1": 0.99, "beta2": 0.9999, "decay": 1.0, "scale": 10.0},
    ),
    "Lion": Rival(
        "Lion",
        """
from primitives import interp, sign

def update(w, g, lr, v1, v2):
    c = interp(g, v1, {beta1})
    step = sign(c) + w * {decay}
    return step * lr * {scale}, interp(g, v1, {beta2}), 0.0
""",
        usual={"beta1": 0.9, "beta2": 0.99, "decay": 0.1, "scale": 0.3},
        low={"beta1": 0.0, "beta2": 0.0, "decay": 0.0001, "scale": 0.03},
        high={"beta1": 0.99, "beta2": 0.999, "decay": 1.0, "scale": 10.0},
    ),
    "momentum": Rival(
        "momentum",
        """
from primitives import interp

def update(w, g, lr, v1, v2):
    m = v1 * {beta} + g
    step = m + w * {decay}
    return step * lr * {scale}, m, 0.0
""",
        usual={"beta": 0.9, "decay": 0.001, "scale": 1.0},
        low={"beta": 0.0, "decay": 0.0001, "scale": 0.03},
        high={"beta": 0.99, "decay": 1.0, "scale": 300.0},
    ),
}
"""By name."""


@functools.cache
def _stored() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(STORE.read_text(encoding="utf-8"))
    return found
