"""`DGM`: breed from every program that still works, more often from those that do well and have few children."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Annotated, Literal

import numpy as np
from numpy.random import Generator
from pydantic import Field

from evolve.events import Committed, Event
from evolve.interfaces import Action, Propose, Strategy, View
from evolve.trial import TrialStatus
from evolve_plugins.strategies.gauge import check_scale, credit
from evolve_plugins.strategies.under_way import UnderWay

__all__ = ["DGM"]


@dataclass
class DGM(Strategy):
    """Darwin Gödel machine: an archive of everything that works, parents drawn by score and novelty.

    A parent's weight is sigmoid(steepness (score - middle)) / (1 + children); the children of one decision are drawn
    with replacement. The score is the share of success over all outcomes, those of a ladder's early stages too, so a
    program that a stage's `min_score` has stopped keeps its place, at the price of that stage: with 10 instances, a
    `min_score` of 0.4 and 50 further instances a child costs 10 or 60 evaluations. A program with an outcome that is
    not valid does not work; it is not bred from and is nobody's child. Nor is a duplicate of a known program, which the
    published system would keep. Which failure a child is to mend is left to the operator.

    Args:
        children: of a generation; the next one begins when all are judged. 0 breeds steadily: a child per free slot,
            and those under way count as their parents' children.
        keep: "all" that works, or what is "better" than the first program's score less `margin`.
        margin: see `keep`.
        steepness: of the sigmoid.
        middle: score at which the sigmoid is 1/2.
        scale: scores that count as failure and as success, in the problem's own direction.

    Reference: Zhang et al., "Darwin Gödel machine: open-ended evolution of self-improving agents", 2025.
    """

    children: Annotated[int, Field(ge=0)] = 2
    keep: Literal["all", "better"] = "all"
    margin: float = 0.1
    steepness: float = 10.0
    middle: float = 0.5
    scale: tuple[float, float] = (0.0, 1.0)
    _scores: dict[int, float] = field(default_factory=dict, init=False, repr=False)
    _children: Counter[int] = field(default_factory=Counter, init=False, repr=False)

    def __post_init__(self) -> None:
        check_scale(self.scale)

    def decide(self, view: View, free: int, rng: Generator) -> Sequence[Action]:
        """Draw a parent for each child."""
        if not self._scores:
            return [Propose() for _ in range(free)]
        if self.children:
            free = 0 if view.in_flight else min(free, self.children)
        making, numbers = UnderWay.of(view.in_flight.values()).making, list(self._scores)
        bred = np.array([self._children[number] + making[number] for number in numbers])
        scores = np.array(list(self._scores.values()))
        weights = 1.0 / (1.0 + np.exp(self.steepness * (self.middle - scores))) / (1.0 + bred)
        return [Propose((numbers[i],)) for i in rng.choice(len(numbers), size=free, p=weights / weights.sum())]

    def observe(self, event: Event, rng: Generator) -> None:
        """Keep a program that works."""
        trial = event.trial if isinstance(event, Committed) else None
        if trial is None or trial.failure is not None or not trial.outcomes or trial.status is TrialStatus.REUSED:
            return
        score = fmean(credit(scored.outcome, self.scale) for scored in trial.outcomes)
        first = next(iter(self._scores.values()), score)
        self._children.update(trial.parents[:1])
        if self.keep == "all" or score >= first - self.margin:
            self._scores[trial.number] = score
