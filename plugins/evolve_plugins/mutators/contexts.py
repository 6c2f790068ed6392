"""`Guided`: a context that says more than the one it is made of: which model to ask, which idea to carry out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.random import Generator

from evolve import Context, Trial
from evolve.interfaces import ProblemFacts
from evolve.messages import Answer, Capabilities, Request

__all__ = ["Guided", "idea_in"]


@dataclass
class Guided:
    """A context (`evolve.Context`) around another one.

    Args:
        base: the context it is made of.
        model: the only model that may be asked, or "" for all.
        idea: what the proposal is to carry out, or "".
        inspirations: further trials worth a look; () takes those of the base.
        top_logprobs: alternatives per token to report with every answer, where the model can; 0 for none.
        answers: all answers that came through here, in order.
    """

    base: Context
    model: str = ""
    idea: str = ""
    inspirations: Sequence[Trial] = ()
    top_logprobs: int = 0
    answers: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inspirations = self.inspirations or self.base.inspirations
        self.idea = self.idea or idea_in(self.base)

    @property
    def problem(self) -> ProblemFacts:
        """The problem."""
        return self.base.problem

    @property
    def rng(self) -> Generator:
        """The random stream of this proposal."""
        return self.base.rng

    @property
    def purpose(self) -> str:
        """Why a program is wanted."""
        return self.base.purpose

    @property
    def operator(self) -> str:
        """The operator asked for by name, or ""."""
        return self.base.operator

    @property
    def best(self) -> Trial | None:
        """The best trial so far."""
        return self.base.best

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
        self.answers.append(answer)
        return answer

    def solution(self, number: int) -> Mapping[str, Any]:
        """Return what a trial's program answered."""
        return self.base.solution(number)

    def trial(self, number: int) -> Trial:
        """Return a trial by its number."""
        return self.base.trial(number)


def idea_in(context: Context) -> str:
    """Return the idea that a proposal is to carry out, or ""."""
    return context.idea if isinstance(context, Guided) else ""
