"""`Racing`: a trial runs against the best one, instance by instance, and is given up once it cannot win."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field

from evolve import Curriculum, Instance, Trial
from evolve.trial import Scored
from evolve_plugins.curricula.scores import direction

__all__ = ["Racing"]


@dataclass
class Racing(Curriculum):
    """Judges on all instances in random order, and stops once a trial is worse than the best with confidence.

    What is tested is the mean difference on the instances that both were judged on. `"t"` is the paired test of
    F-race for two; it takes no account of how often it looks, so that about one in five trials that are as good
    as the best is given up at `alpha = 0.05` and thirty instances. `"hoeffding"` keeps that below `alpha` in
    all, whatever the distribution, and needs far more instances.

    Differs from the paper: only the best trial is raced against, not a population, so no Friedman test comes first.

    Args:
        test: "t" or "hoeffding".
        alpha: risk of giving up a trial that is no worse: of each look with "t", of all looks with "hoeffding".
        first: instances that every trial is judged on, >= 2.
        spread: width of the interval that the difference of two scores lies in, > 0; only for "hoeffding".

    Reference: Birattari, Stützle, Paquete and Varrentrapp, "A racing algorithm for configuring metaheuristics",
        GECCO 2002; for "hoeffding": Maron and Moore, "Hoeffding races", NIPS 1994.
    """

    test: Literal["t", "hoeffding"] = "t"
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    first: Annotated[int, Field(ge=2)] = 5
    spread: Annotated[float, Field(gt=0)] = 2.0
    _best: dict[tuple[str, str], float] = field(default_factory=dict, init=False, repr=False)
    _number: int = field(default=-1, init=False, repr=False)
    _fitness: float = field(default=-math.inf, init=False, repr=False)
    _sign: float = field(default=0.0, init=False, repr=False)

    def sample(self, instances: Sequence[Instance], rng: Generator) -> Sequence[Instance]:
        """Return all of them, shuffled, so that those that were seen stand for those that were not."""
        return [instances[i] for i in rng.permutation(len(instances))]

    def go_on(self, trial: Trial, outcomes: Sequence[Scored]) -> bool:
        """Give up a trial that is worse than the best, as far as can be told."""
        lost = np.array(
            [
                self._sign * (self._best[s.stage, s.instance] - s.outcome.score)
                for s in outcomes
                if s.outcome.score is not None and (s.stage, s.instance) in self._best
            ]
        )
        return len(lost) < self.first or float(lost.mean()) <= self._margin(lost)

    def observe(self, trial: Trial) -> None:
        """Remember the best trial's outcomes."""
        self._sign = direction(trial) or self._sign
        if trial.fitness is not None and trial.fitness > self._fitness:
            self._fitness, self._number = trial.fitness, trial.number
            scores = {(s.stage, s.instance): s.outcome.score for s in trial.outcomes}
            self._best = {key: score for key, score in scores.items() if score is not None}

    def update(self, trial: Trial, scored: Scored, instance: Instance) -> None:
        """Remember what the best trial did on a further instance."""
        if trial.number == self._number and scored.outcome.score is not None:
            self._best[scored.stage, scored.instance] = scored.outcome.score

    def _margin(self, lost: NDArray[np.float64]) -> float:
        """Return how large a mean difference may be by chance."""
        count = len(lost)
        if self.test == "t":
            from scipy.special import stdtrit  # heavy

            return float(stdtrit(count - 1, 1.0 - self.alpha) * lost.std(ddof=1) / math.sqrt(count))
        looks = max(1, len(self._best) - self.first + 1)
        return self.spread * math.sqrt(math.log(looks / self.alpha) / (2.0 * count))
