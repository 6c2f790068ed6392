"""`ModelBandit`: chooses a model and what to ask it for, by what that gains per dollar.

Algorithm: as `bandit`, but an arm is a pair of model and operator, and its cost is that of the requests: US dollars
where the price of every model is known, tokens otherwise. An answer that cannot be used has cost as much as any other,
so it counts as a trial that gained nothing; so does a model that does not answer. An arm that asks nothing hands over
to the next one. Once something was asked it does not: whoever comes next would know more than when it was decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from evolve import Context, Mutator, Proposal, Trial
from evolve.credit import Credit
from evolve.errors import did_you_mean
from evolve.events import Refused
from evolve.interfaces import ProblemFacts
from evolve.messages import Answer, ModelError, Request
from evolve_plugins.mutators.bandit import named_arms
from evolve_plugins.mutators.llm.contexts import Guided
from evolve_plugins.mutators.llm.crossover import LlmCrossover
from evolve_plugins.mutators.llm.diff import LlmDiff
from evolve_plugins.mutators.llm.fix import LlmFix
from evolve_plugins.mutators.llm.from_scratch import LlmFromScratch
from evolve_plugins.mutators.llm.rewrite import LlmRewrite

__all__ = ["ModelBandit"]

_LEAST_USD, _LEAST_TOKENS = 1e-6, 10.0
_ARM = "model_arm"
"""What an arm is noted under: not as that of `bandit`, which may be at work beside this one."""


@dataclass
class _Watched(Guided):
    """A context that knows whether anything was asked through it, answered or not."""

    asked: bool = field(default=False, init=False)

    async def ask(self, request: Request, model: str = "") -> Answer:
        self.asked = True
        return await super().ask(request, model)


@dataclass
class ModelBandit(Mutator):
    """Chooses a model and an operator by gain per dollar, or per token where a price is not known.

    Args:
        operators: what models may be asked for; () takes all that come in the box.
        choose: "bandit", or "fixed": operators evenly, models by their weights.
        explore: share of proposals whose model and operator are drawn evenly.
        memory: after how many trials an experience counts half.
        window: how many recent trials a gain is ranked among.
        others: an operator without a model, such as "bandit", that makes a share of the proposals; or None.
        share_of_others: that share.
    """

    operators: tuple[Mutator, ...] = ()
    choose: Literal["bandit", "fixed"] = "bandit"
    explore: Annotated[float, Field(ge=0, le=1)] = 0.2
    memory: Annotated[float, Field(gt=0)] = 200.0
    window: Annotated[int, Field(gt=0)] = 100
    others: Mutator | None = None
    share_of_others: Annotated[float, Field(ge=0, le=1)] = 0.5
    purposes: ClassVar[frozenset[str]] = frozenset({"improve", "restart"})
    _per_usd: Credit = field(init=False, repr=False)
    _per_token: Credit = field(init=False, repr=False)
    _priced: bool = field(default=True, init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.operators:
            self.operators = (LlmDiff(), LlmRewrite(), LlmCrossover(), LlmFix(), LlmFromScratch())
        self._per_usd = Credit(self.memory, self.window, _LEAST_USD)
        self._per_token = Credit(self.memory, self.window, _LEAST_TOKENS)

    def most_requests(self) -> int:
        return max(operator.most_requests() for operator in self._all())

    def longest_prompt(self) -> int:
        return max(operator.longest_prompt() for operator in self._all())

    def unfit(self, problem: ProblemFacts) -> str:
        if not problem.models:
            return "it needs a model; name one: --model openai:NAME"
        return "; ".join(dict.fromkeys(filter(None, (operator.unfit(problem) for operator in self._all()))))

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        if self.others is not None and self._asks_others(self.others, context):
            return await self.others.propose(parents, context)
        numbers = tuple(parent.number for parent in parents)
        refusals: list[str] = []
        named = named_arms(self.operators)
        for model, name in self._order(context):
            guided = _Watched(context, model)
            try:
                made = await named[name].propose(parents, guided)
            except ModelError as error:
                made = [Proposal.refused(name, str(error), numbers)]
            mark = {_ARM: [model, name], "purpose": context.purpose}
            made = [replace(proposal, notes={**mark, **proposal.notes}) for proposal in made]
            if guided.asked or any(proposal.program is not None for proposal in made):
                return made
            refusals += [f"{proposal.operator}: {proposal.refusal}" for proposal in made]
        if not refusals and context.operator:
            refusals.append(f"there is no operator {context.operator!r}{did_you_mean(context.operator, named)}")
        return [Proposal.refused("llm", "; ".join(dict.fromkeys(refusals)) or "no operator fits", numbers)]

    def observe(self, trial: Trial, parents: Sequence[Trial]) -> None:
        for operator in self._all():
            operator.observe(trial, parents)
        arm, purpose = _arm(trial.notes), trial.notes.get("purpose", "improve")
        bill = trial.notes.get("models", {})
        self._note_price(bill)
        self._per_usd.learn(arm, purpose, trial, parents, bill.get("usd", 0.0))
        self._per_token.learn(arm, purpose, trial, parents, bill.get("tokens", 0.0))

    def observe_refusal(self, refused: Refused) -> None:
        for operator in self._all():
            operator.observe_refusal(refused)
        arm, bill = _arm(refused.notes), refused.notes.get("models", {})
        if arm is not None and bill:
            self._note_price(bill)
            purpose = refused.notes.get("purpose", "improve")
            self._per_usd.learn_failure(arm, purpose, bill["usd"])
            self._per_token.learn_failure(arm, purpose, bill["tokens"])

    def _note_price(self, bill: Any) -> None:
        if bill.get("tokens", 0.0) and not bill.get("usd", 0.0):
            self._priced = False

    def _asks_others(self, others: Mutator, context: Context) -> bool:
        if context.operator or context.purpose not in others.purposes:
            return False
        return bool(context.rng.random() < self.share_of_others)

    def _order(self, context: Context) -> list[tuple[str, str]]:
        """Return pairs of model and operator to try, best first; in "fixed" the model is left open."""
        named = named_arms(self.operators)
        if context.operator:
            return [("", name) for name in named if name == context.operator.partition(".")[0]]
        fit = [name for name, operator in named.items() if context.purpose in operator.purposes]
        models = [""] if self.choose == "fixed" else list(context.models)
        pairs = [(model, name) for model in models for name in fit]
        shuffled = [pairs[int(i)] for i in context.rng.permutation(len(pairs))]
        if self.choose == "fixed" or context.rng.random() < self.explore:
            return shuffled
        credit = self._per_usd if self._priced else self._per_token
        worth = {pair: credit.worth(pair, context.purpose, context.rng) for pair in shuffled}
        return sorted(shuffled, key=lambda pair: -worth[pair])

    def _all(self) -> tuple[Mutator, ...]:
        return self.operators if self.others is None else (*self.operators, self.others)


def _arm(notes: Any) -> tuple[str, str] | None:
    arm = notes.get(_ARM)
    return (str(arm[0]), str(arm[1])) if isinstance(arm, list | tuple) else None
