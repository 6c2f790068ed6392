"""`Bandit`: chooses among operators by what they gain per CPU second.

Algorithm: budgeted Thompson sampling on rank-based rewards, with forgetting and a floor of exploration.

1. A trial's gain is 0 when it failed, repeated a known class, or did not beat its primary parent; otherwise it is the
   share of the last `window` valid trials that it beats, to the fourth power: a number in [0, 1] that does not depend
   on the score's scale and counts progress at the top. (A "restart" has nothing to beat: its gain is among restarts.)
2. Each arm keeps the sums of gains G, of trials N and of CPU seconds C, which fade by half every `memory` trials.
3. With probability `explore` the arm is drawn uniformly. Otherwise each arm draws a gain from Beta(1 + G, 1 + N - G),
   divides it by its mean cost, and the largest quotient wins. An arm that refuses hands over to the next one.

Reference: Xia et al., "Thompson sampling for budgeted multi-armed bandits", IJCAI 2015; rank-based credit as in
Fialho et al., "Toward comparison-based adaptive operator selection", GECCO 2010.
"""

from __future__ import annotations

import re
import time
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from numpy.random import Generator
from pydantic import Field

from evolve.errors import did_you_mean
from evolve.interfaces import Context, Mutator, ProblemFacts
from evolve.trial import Proposal, Trial, TrialStatus

__all__ = ["Bandit"]

_TOLERANCE = 1e-7
_STRESS = 4
_CAPITAL = re.compile(r"(?<=[a-z])([A-Z])")


@dataclass(slots=True)
class _Arm:
    """Fading sums of one operator for one purpose, as they were after `when` trials."""

    gain: float = 0.0
    trials: float = 0.0
    cpu_s: float = 0.0
    when: int = 0


@dataclass(slots=True)
class _Recent:
    """The last fitness values, in order of arrival and sorted."""

    arrived: deque[float] = field(default_factory=deque)
    ordered: list[float] = field(default_factory=list)

    def share_below(self, fitness: float) -> float:
        return bisect_left(self.ordered, fitness) / len(self.ordered) if self.ordered else 1.0

    def add(self, fitness: float, window: int) -> None:
        self.arrived.append(fitness)
        insort(self.ordered, fitness)
        if len(self.arrived) > window:
            self.ordered.pop(bisect_left(self.ordered, self.arrived.popleft()))


@dataclass
class Bandit(Mutator):
    """Chooses among operators by gain per CPU second (see the module for the algorithm).

    Args:
        mutators: the operators; each is an arm.
        explore: share of proposals whose operator is drawn uniformly.
        memory: after how many trials an experience counts half.
        window: how many recent trials a gain is ranked among.
        overhead_s: CPU seconds that a trial costs besides its evaluation, so that duplicates are not free.
    """

    mutators: tuple[Mutator, ...]
    explore: Annotated[float, Field(ge=0, le=1)] = 0.2
    memory: Annotated[float, Field(gt=0)] = 200.0
    window: Annotated[int, Field(gt=0)] = 100
    overhead_s: Annotated[float, Field(gt=0)] = 0.03
    purposes: ClassVar[frozenset[str]] = frozenset({"improve", "restart"})
    _arms: dict[tuple[str, str], _Arm] = field(init=False, repr=False, default_factory=dict)
    _recent: dict[str, _Recent] = field(init=False, repr=False, default_factory=dict)
    _seen: int = field(init=False, repr=False, default=0)

    def unfit(self, problem: ProblemFacts) -> str:
        reasons = [mutator.unfit(problem) for mutator in self.mutators]
        return "; ".join(reasons) if all(reasons) else ""

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        started = time.thread_time()
        numbers = tuple(parent.number for parent in parents)
        refusals: list[str] = []
        for name in self._order(context):
            proposals = await self._named()[name].propose(parents, context)
            made = [p for p in proposals if p.program is not None]
            if made:
                spent = (time.thread_time() - started) / len(made)
                mark = {"arm": name, "purpose": context.purpose}
                return [replace(p, notes={**p.notes, **mark}, cpu_s=p.cpu_s or spent) for p in made]
            refusals += [f"{p.operator}: {p.refusal}" for p in proposals]
        if not refusals and context.operator:
            refusals.append(f"there is no operator {context.operator!r}{did_you_mean(context.operator, self._named())}")
        return [Proposal.refused("bandit", "; ".join(refusals) or "no operator fits", numbers)]

    def observe(self, trial: Trial, parents: Sequence[Trial]) -> None:
        for mutator in self.mutators:
            mutator.observe(trial, parents)
        self._seen += 1
        name, purpose = trial.notes.get("arm"), trial.notes.get("purpose", "improve")
        recent = self._recent.setdefault(purpose, _Recent())
        if name is not None:
            arm = self._arms.setdefault((name, purpose), _Arm(when=self._seen))
            fade = self._fade(arm)
            arm.gain = arm.gain * fade + self._gain(trial, parents, purpose, recent)
            arm.trials = arm.trials * fade + 1.0
            arm.cpu_s = arm.cpu_s * fade + trial.cpu_s + self.overhead_s
            arm.when = self._seen
        if trial.fitness is not None and trial.status is not TrialStatus.REUSED:
            recent.add(trial.fitness, self.window)

    def _gain(self, trial: Trial, parents: Sequence[Trial], purpose: str, recent: _Recent) -> float:
        if trial.fitness is None or trial.status is TrialStatus.REUSED:
            return 0.0
        if purpose != "restart" and parents and parents[0].fitness is not None:
            least = parents[0].fitness + _TOLERANCE * max(1.0, abs(parents[0].fitness))
            if trial.fitness <= least:
                return 0.0
        return recent.share_below(trial.fitness) ** _STRESS

    def _order(self, context: Context) -> list[str]:
        """Return the arms to try, best first."""
        named = self._named()
        if context.operator:
            return [name for name in named if name == context.operator.partition(".")[0]]
        fit = [n for n, m in named.items() if context.purpose in m.purposes and not m.unfit(context.problem)]
        shuffled = [fit[int(i)] for i in context.rng.permutation(len(fit))]
        if context.rng.random() < self.explore:
            return shuffled
        quotients = {name: self._quotient(name, context.purpose, context.rng) for name in shuffled}
        return sorted(shuffled, key=lambda name: -quotients[name])

    def _quotient(self, name: str, purpose: str, rng: Generator) -> float:
        arm = self._arms.get((name, purpose), _Arm(when=self._seen))
        fade = self._fade(arm)
        gain, trials = arm.gain * fade, arm.trials * fade
        same = [a for (_, p), a in self._arms.items() if p == purpose]
        usual = (sum(a.cpu_s for a in same) + self.overhead_s) / (sum(a.trials for a in same) + 1.0)
        cost = (arm.cpu_s * fade + usual) / (trials + 1.0)
        return float(rng.beta(1.0 + gain, 1.0 + max(0.0, trials - gain))) / cost

    def _fade(self, arm: _Arm) -> float:
        return float(0.5 ** ((self._seen - arm.when) / self.memory))

    def _named(self) -> dict[str, Mutator]:
        """Return the arms by name: the operator's `name`, or its class's, with a number where it comes twice."""
        named: dict[str, Mutator] = {}
        for mutator in self.mutators:
            name = str(getattr(mutator, "name", "") or _CAPITAL.sub(r"_\1", type(mutator).__name__).lower())
            same = sum(other.partition("#")[0] == name for other in named)
            named[f"{name}#{same + 1}" if same else name] = mutator
        return named
