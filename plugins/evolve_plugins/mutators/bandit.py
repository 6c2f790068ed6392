"""`Bandit`: chooses among operators by what they gain per CPU second.

Algorithm: budgeted Thompson sampling on rank-based gains, with forgetting (see `credit`) and a floor of exploration.
With probability `explore` the arm is drawn uniformly; otherwise the arm of the largest drawn worth is asked. An arm
that refuses hands over to the next one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from pydantic import Field

from evolve.credit import Credit
from evolve.errors import did_you_mean
from evolve.events import Refused
from evolve.interfaces import Context, Mutator, ProblemFacts
from evolve.trial import Proposal, Trial

__all__ = ["Bandit", "named_arms"]

_CAPITAL = re.compile(r"(?<=[a-z])([A-Z])")


@dataclass
class Bandit(Mutator):
    """Chooses among operators by gain per CPU second (see the module, and `credit`, for the algorithm).

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
    _credit: Credit = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._credit = Credit(self.memory, self.window, self.overhead_s)

    def most_requests(self) -> int:
        return max((mutator.most_requests() for mutator in self.mutators), default=0)

    def longest_prompt(self) -> int:
        return max((mutator.longest_prompt() for mutator in self.mutators), default=0)

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
        name, purpose = trial.notes.get("arm"), trial.notes.get("purpose", "improve")
        self._credit.learn(name, purpose, trial, parents, trial.cpu_s)

    def observe_refusal(self, refused: Refused) -> None:
        for mutator in self.mutators:
            mutator.observe_refusal(refused)

    def _order(self, context: Context) -> list[str]:
        """Return the arms to try, best first."""
        named = self._named()
        if context.operator:
            return [name for name in named if name == context.operator.partition(".")[0]]
        fit = [n for n, m in named.items() if context.purpose in m.purposes and not m.unfit(context.problem)]
        shuffled = [fit[int(i)] for i in context.rng.permutation(len(fit))]
        if context.rng.random() < self.explore:
            return shuffled
        worth = {name: self._credit.worth(name, context.purpose, context.rng) for name in shuffled}
        return sorted(shuffled, key=lambda name: -worth[name])

    def _named(self) -> dict[str, Mutator]:
        return named_arms(self.mutators)


def named_arms(mutators: Sequence[Mutator]) -> dict[str, Mutator]:
    """Return operators by name: the operator's `name`, or its class's, with a number where it comes twice."""
    named: dict[str, Mutator] = {}
    for mutator in mutators:
        name = str(getattr(mutator, "name", "") or _CAPITAL.sub(r"_\1", type(mutator).__name__).lower())
        same = sum(other.partition("#")[0] == name for other in named)
        named[f"{name}#{same + 1}" if same else name] = mutator
    return named
