"""`Guided`: a context that says more than the one it is made of: which model to ask, which idea to carry out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.random import Generator

from evolve import Context, Trial
from evolve.interfaces import ProblemFacts
from evolve.messages import Answer, Capabilities, Request

__all__ = ["Exchange", "Guided", "hint_in", "idea_in"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, and the answer to it."""

    request: Request
    answer: Answer


@dataclass
class Guided:
    """A context (`evolve.Context`) around another one; the best trial stays what it was when this one was made.

    Args:
        base: the context it is made of.
        model: the only model that may be asked, or "" for all.
        idea: what the proposal is to carry out, or "".
        inspirations: further trials worth a look; () takes those of the base.
        top_logprobs: alternatives per token to report with every answer, where the model can; 0 for none.
        own_rng: a random stream of its own, or None for that of the base.
        hint: a piece of advice for whoever writes the program, or "".
        exchanges: what was asked and answered through here, in order.
        best: the best trial so far.
    """

    base: Context
    model: str = ""
    idea: str = ""
    inspirations: Sequence[Trial] = ()
    top_logprobs: int = 0
    own_rng: Generator | None = None
    hint: str = ""
    exchanges: list[Exchange] = field(default_factory=list, init=False)
    best: Trial | None = field(init=False)

    def __post_init__(self) -> None:
        self.best = self.base.best
        self.inspirations = self.inspirations or self.base.inspirations
        self.idea = self.idea or idea_in(self.base)
        self.hint = self.hint or hint_in(self.base)

    @property
    def problem(self) -> ProblemFacts:
        """The problem."""
        return self.base.problem

    @property
    def rng(self) -> Generator:
        """The random stream of this proposal."""
        return self.base.rng if self.own_rng is None else self.own_rng

    @property
    def purpose(self) -> str:
        """Why a program is wanted."""
        return self.base.purpose

    @property
    def operator(self) -> str:
        """The operator asked for by name, or ""."""
        return self.base.operator

    @property
    def answers(self) -> list[Answer]:
        """All answers that came through here, in order."""
        return [exchange.answer for exchange in self.exchanges]

    @property
    def models(self) -> Mapping[str, Capabilities]:
        """What the models can do that may be asked."""
        known = self.base.models
        return {self.model: known[self.model]} if self.model in known else known

    async def ask(self, request: Request, model: str = "") -> Answer:
        """Ask the model that was chosen, and keep the answer."""
        if self.top_logprobs and not request.top_logprobs:
            request = replace(request, top_logprobs=self.top_logprobs)
        answer = await self.base.ask(request, model or self.model)
        self.exchanges.append(Exchange(request, answer))
        return answer

    def settle_on(self, exchange: Exchange) -> None:
        """Say which exchange led to the program that is handed on: here and further out it becomes the last one."""
        self.exchanges.sort(key=lambda one: one.answer is exchange.answer)
        if isinstance(self.base, Guided):
            self.base.settle_on(exchange)

    def solution(self, number: int) -> Mapping[str, Any]:
        """Return what a trial's program answered."""
        return self.base.solution(number)

    def trial(self, number: int) -> Trial:
        """Return a trial by its number."""
        return self.base.trial(number)


def idea_in(context: Context) -> str:
    """Return the idea that a proposal is to carry out, or ""."""
    return context.idea if isinstance(context, Guided) else ""


def hint_in(context: Context) -> str:
    """Return the advice for whoever writes the program, or ""."""
    return context.hint if isinstance(context, Guided) else ""
