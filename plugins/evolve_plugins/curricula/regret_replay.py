"""`RegretReplay`: instances on which programs lately fell short of the best are judged on again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field

from evolve import Curriculum, Instance, Trial
from evolve.trial import Scored
from evolve_plugins.curricula.scores import direction, drawn

__all__ = ["RegretReplay"]


@dataclass(slots=True)
class _Level:
    """What is known of an instance: its lowest and highest score, the last one (NaN: none), and when that was."""

    low: float = np.inf
    high: float = -np.inf
    last: float = np.nan
    at: int = 0


@dataclass
class RegretReplay(Curriculum):
    """Samples instances by regret: by how much the last program judged there missed the best score seen there.

    Each place of the sample goes to an instance that was never used, with probability 1 − `replay` and as long as
    there are any, and otherwise to a known one: drawn by age (trials since it was used) with probability `staleness`,
    or else by regret. An instance that nobody ever solved has no
    regret. A program that fails has missed by the whole range of scores seen.

    A stage with no more than `count` instances is judged on all of them; end with such a stage, since means over
    different instances do not compare.

    Differs from the papers: a sample holds no instance twice, the reference is the best score so far, not an agent
    trained from scratch on the instance, and the learner is whichever program was judged last. GROOVE has an endless
    supply of new levels and a buffer that drops those of lowest regret. In that setting, with the settings below but
    for `staleness = 0`, the hardest tenth of instances gets .55 of the places by rank, .35 by softmax, and .10 when all
    are new (known: .547, .359, .102). Here every instance is kept, with which softmax comes to .33; and once all are
    known no place goes to new ones, with which rank comes to .90 and softmax to .55.

    Args:
        count: instances a trial is judged on, > 0.
        prioritise: "rank" (weight (1/rank)^(1/temperature)) or "softmax" (exp(regret/temperature)).
        temperature: how much better than others a high regret is; lower is sharper, > 0.
        staleness: share of the known ones' places that go by age.
        replay: share of the places that known instances get.

    Reference: Jackson et al., "Discovering general reinforcement learning algorithms with adversarial environment
        design", NeurIPS 2023 (GROOVE); the replay is that of Jiang, Grefenstette and Rocktäschel, "Prioritized level
        replay", ICML 2021.
    """

    count: Annotated[int, Field(gt=0)] = 4
    prioritise: Literal["rank", "softmax"] = "rank"
    temperature: Annotated[float, Field(gt=0)] = 0.1
    staleness: Annotated[float, Field(ge=0, le=1)] = 0.1
    replay: Annotated[float, Field(ge=0, le=1)] = 0.5
    _levels: dict[str, _Level] = field(default_factory=dict, init=False, repr=False)
    _clock: int = field(default=0, init=False, repr=False)
    _sign: float = field(default=0.0, init=False, repr=False)

    def sample(self, instances: Sequence[Instance], rng: Generator) -> Sequence[Instance]:
        """Draw new and known instances without replacement."""
        if len(instances) <= self.count:
            return instances
        new = [instance for instance in instances if instance.id not in self._levels]
        known = [instance for instance in instances if instance.id in self._levels]
        fresh = min(len(new), max(int(rng.binomial(self.count, 1.0 - self.replay)), self.count - len(known)))
        picked = [new[i] for i in drawn(np.zeros(len(new)), fresh, rng)]
        by_age = int(rng.binomial(self.count - fresh, self.staleness))
        for logs, places in ((self._by_regret, self.count - fresh - by_age), (self._by_age, by_age)):
            picked += [known[i] for i in drawn(logs(known), places, rng)] if places else []
            taken = {instance.id for instance in picked}
            known = [instance for instance in known if instance.id not in taken]
        return picked

    def observe(self, trial: Trial) -> None:
        """Count the trials."""
        self._clock += 1

    def update(self, trial: Trial, scored: Scored, instance: Instance) -> None:
        """Note a score."""
        self._sign = direction(trial) or self._sign
        level = self._levels.setdefault(instance.id, _Level())
        score = scored.outcome.score
        level.last, level.at = np.nan if score is None else score, self._clock
        if score is not None:
            level.low, level.high = min(level.low, score), max(level.high, score)

    def regret(self, instance: str) -> float:
        """Return by how much the last program missed the best on an instance, >= 0; 0 when that is not known."""
        level = self._levels.get(instance, _Level())
        if level.low > level.high:
            return 0.0
        if np.isnan(level.last):
            return level.high - level.low
        return level.last - level.low if self._sign < 0 else level.high - level.last

    def _by_regret(self, known: Sequence[Instance]) -> NDArray[np.float64]:
        """Return the logarithms of the weights by regret."""
        regrets = np.array([self.regret(instance.id) for instance in known])
        if self.prioritise == "softmax":
            return np.asarray(regrets / self.temperature, np.float64)
        above = np.searchsorted(np.sort(-regrets), -regrets)  # equals share a rank
        return np.asarray(-np.log(above + 1.0) / self.temperature, np.float64)

    def _by_age(self, known: Sequence[Instance]) -> NDArray[np.float64]:
        """Return the logarithms of the weights by age."""
        ages = np.array([self._clock - self._levels[instance.id].at for instance in known], np.float64)
        return np.asarray(np.log(ages + 1e-9), np.float64)
