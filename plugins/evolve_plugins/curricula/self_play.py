"""`SelfPlay`: trials are judged on instances that programs barely solve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from numpy.random import Generator
from pydantic import Field

from evolve import Curriculum, Instance, Trial
from evolve.trial import Scored
from evolve_plugins.curricula.scores import direction, drawn

__all__ = ["SelfPlay"]

_HEAD_START = 10.0
"""How many times more often a never solved instance may be tried when it was made from a solved one."""


@dataclass
class SelfPlay(Curriculum):
    """Samples instances that programs solve now and then, and tries the others until they are of that kind.

    The solve rate of an instance has a Beta posterior, from an even prior and the outcomes of the trials judged on
    it; old outcomes fade, since programs get better. The frontier are the instances that were solved at least once,
    each drawn in proportion to P(rate <= `high`). A share of `explore` goes to instances that were never solved: those
    tried least first, and children of solved instances before others. A share of `replay` goes to mastered
    ones, by P(rate > `high`).

    It makes no instances. The conjecturer of the paper is the strategy here (`MakeInstance`, say with other
    parameters): whatever it makes is judged for being barely solvable as any other instance. The paper's
    filters for elegance and likeness to the target statements are left out, and so is training. The posterior and
    its fading are ours: the paper counts 64 fresh proofs of each statement in each round.

    A stage with no more than `count` instances is judged on all of them; end with such a stage, since means over
    different instances do not compare.

    Args:
        solved_at: score from which an instance counts as solved; a failed outcome does not.
        count: instances a trial is judged on, > 0.
        high: highest solve rate of the frontier.
        explore: share of the sample for instances that were never solved, as long as there are any.
        replay: share of the sample for instances that are mastered.
        fading: what an outcome still counts after the next one on the same instance.

    Reference: Dong and Ma, "STP: self-play LLM theorem provers with iterative conjecturing and proving", ICML 2025.
    """

    solved_at: float = 1.0
    count: Annotated[int, Field(gt=0)] = 4
    high: Annotated[float, Field(gt=0, lt=1)] = 0.25
    explore: Annotated[float, Field(ge=0, le=1)] = 0.25
    replay: Annotated[float, Field(ge=0, le=1)] = 0.05
    fading: Annotated[float, Field(gt=0, le=1)] = 0.95
    _counts: dict[str, tuple[float, float]] = field(default_factory=dict, init=False, repr=False)
    _sign: float = field(default=0.0, init=False, repr=False)

    def sample(self, instances: Sequence[Instance], rng: Generator) -> Sequence[Instance]:
        """Draw from the frontier, and a few of those that are mastered, without replacement."""
        if len(instances) <= self.count:
            return instances
        solved = np.array([self._solved(instance.id) for instance in instances])
        tried = np.array([sum(self._counts.get(instance.id, (0.0, 0.0))) for instance in instances])
        orphan = np.array([not any(map(self._solved, instance.parents)) for instance in instances])
        easy = np.clip([self.mastered(instance.id) for instance in instances], 1e-12, 1.0 - 1e-12)
        never = np.where(solved, -np.inf, -1e3 * (tried + _HEAD_START * orphan))
        frontier, known = (np.where(solved, np.log(chance), -np.inf) for chance in (1.0 - easy, easy))
        explored = int(rng.binomial(self.count, self.explore))
        replayed = int(rng.binomial(self.count - explored, self.replay))
        shares = ((known, replayed), (frontier, self.count - explored), (never, self.count), (frontier, self.count))
        picked: list[int] = []
        for logs, upto in shares:  # what one of them lacks is left to the next
            logs[picked] = -np.inf
            picked += drawn(logs, min(upto - len(picked), int(np.isfinite(logs).sum())), rng)
        return [instances[place] for place in picked]

    def update(self, trial: Trial, scored: Scored, instance: Instance) -> None:
        """Count what was solved and what was not."""
        self._sign = direction(trial) or self._sign
        score = scored.outcome.score
        solved = score is not None and (score - self.solved_at) * (self._sign or 1.0) >= 0
        won, lost = self._counts.get(instance.id, (0.0, 0.0))
        self._counts[instance.id] = (self.fading * won + solved, self.fading * lost + (not solved))

    def mastered(self, instance: str) -> float:
        """Return the probability that the solve rate of an instance is above `high`."""
        from scipy.special import betaincc  # heavy

        won, lost = self._counts.get(instance, (0.0, 0.0))
        return float(betaincc(1.0 + won, 1.0 + lost, self.high))

    def _solved(self, instance: str) -> bool:
        return self._counts.get(instance, (0.0, 0.0))[0] > 0
