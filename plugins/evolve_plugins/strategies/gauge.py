"""How good outcomes are between failure and success, for strategies that weigh successes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

from evolve.evaluation import Outcome
from evolve.trial import Scored, Trial

__all__ = ["Gauge", "check_scale", "credit"]


def check_scale(scale: tuple[float, float]) -> None:
    """Refuse a scale on which nothing can be told apart.

    Raises:
        ValueError: its two ends are the same, or not finite.
    """
    if not math.isfinite(scale[1] - scale[0]) or scale[0] == scale[1]:
        raise ValueError(f"scale: name two different scores, for failure and for success, not {list(scale)}")


def credit(outcome: Outcome, scale: tuple[float, float]) -> float:
    """Return 0 for a failure, 1 for a success, and what lies between in proportion.

    Args:
        outcome: one without a score is a failure.
        scale: scores that count as failure and as success; the second is the smaller one where lower scores are better.
    """
    worst, best = scale
    if outcome.score is None:
        return 0.0
    return min(1.0, max(0.0, (outcome.score - worst) / (best - worst)))


@dataclass
class Gauge:
    """Measures scores on a scale that is given, or between the extremes seen so far.

    Args:
        scale: scores worth 0 and 1, in the problem's own direction; None takes the extremes.
        sign: 1 when a higher score is better, -1 when a lower one is, as far as the scale or the trials have shown.

    Raises:
        ValueError: the scale has no length.
    """

    scale: tuple[float, float] | None
    sign: float = field(default=1.0, init=False)
    _seen: tuple[float, float] = field(default=(math.inf, -math.inf), init=False, repr=False)

    def __post_init__(self) -> None:
        if self.scale is not None:
            check_scale(self.scale)
            self.sign = math.copysign(1.0, self.scale[1] - self.scale[0])

    def read(self, trial: Trial, outcomes: Sequence[Scored]) -> float | None:
        """Return the mean score of some outcomes, turned so that higher is better; None when one of them failed.

        Args:
            trial: whose they are; its score and fitness tell the problem's direction.
            outcomes: those to read.
        """
        if trial.score and trial.fitness and self.scale is None:
            self.sign = math.copysign(1.0, trial.score * trial.fitness)
        scores = [scored.outcome.score for scored in outcomes if scored.outcome.score is not None]
        if not scores or len(scores) < len(outcomes):
            return None
        value = self.sign * fmean(scores)
        self._seen = (min(self._seen[0], value), max(self._seen[1], value))
        low, high = self._ends()
        return min(high, max(low, value))

    def worth(self, value: float) -> float:
        """Return where a value that was read, or a mean of such, lies between 0 and 1."""
        low, high = self._ends()
        return (value - low) / (high - low) if high > low else 0.5

    def _ends(self) -> tuple[float, float]:
        return self._seen if self.scale is None else (self.sign * self.scale[0], self.sign * self.scale[1])
