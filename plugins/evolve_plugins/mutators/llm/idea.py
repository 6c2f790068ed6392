"""`IdeaFirst`: a model has an idea, a gate judges it, and only then it is carried out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from evolve import Context, Gate, Mutator, Program, Proposal, Trial
from evolve.events import Refused as NoTrial
from evolve.interfaces import ProblemFacts, Ruling
from evolve.messages import ModelError
from evolve_plugins.mutators.llm.answers import find_section
from evolve_plugins.mutators.llm.contexts import Guided
from evolve_plugins.mutators.llm.diff import LlmDiff
from evolve_plugins.mutators.llm.edits import Applied, EditRefusal, Refused
from evolve_plugins.mutators.llm.model_mutator import Draft, ModelMutator
from evolve_plugins.mutators.llm.prompting import Part
from evolve_plugins.mutators.llm.wrapping import as_it_is

__all__ = ["IdeaFirst"]

_LONGEST_IDEA = 4000
_NO_IDEA = Refused(EditRefusal.NO_BLOCK, "there is no idea in it; write one inside <idea></idea>")


@dataclass
class IdeaFirst(ModelMutator):
    """Asks for an idea alone; another operator carries it out when a gate lets it pass.

    The gate is given the parent's program with the idea in the notes, `{"idea": text}`. An idea that it turns away has
    cost one short answer: no code is written, and nothing is evaluated.

    Args:
        mutator: carries the idea out.
        gate: judges ideas, such as `{use = "reviewer"}`; None lets all of them pass.

    Reference: Yu et al., "AlphaResearch: accelerating new algorithm discovery with language models", 2025.
    """

    mutator: Mutator = field(default_factory=LlmDiff)
    gate: Gate | None = None
    name: ClassVar[str] = "idea"

    def most_requests(self) -> int:
        """Return how many requests one proposal makes at most; a gate is taken to ask once."""
        return self.tries + (self.gate is not None) + self.mutator.most_requests()

    def unfit(self, problem: ProblemFacts) -> str:
        return super().unfit(problem) or self.mutator.unfit(problem)

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        draft = self.draft(parents, context)
        numbers = tuple(parent.number for parent in parents)
        if isinstance(draft, str):
            return [Proposal.refused(self.name, draft, numbers)]
        before, mutator, gate = Guided(context), as_it_is(self.mutator), as_it_is(self.gate)
        first = Proposal(draft.parent.program, self.name, numbers)
        try:
            first = await self._idea(draft, first, before)
            if not first.refusal and gate is not None:
                ruling = await gate.judge(first, parents, before)
                first = _ruled(first, ruling)
            if first.refusal:
                return [replace(first, program=None)]
            made = await mutator.propose(parents, Guided(before, idea=first.notes["idea"]))
        except ModelError as error:
            return [replace(first, program=None, refusal=str(error))]
        return [replace(proposal, notes={**proposal.notes, **first.notes}) for proposal in made]

    def observe(self, trial: Trial, parents: Sequence[Trial]) -> None:
        super().observe(trial, parents)
        self.mutator.observe(trial, parents)
        if self.gate is not None:
            self.gate.observe(trial)

    def observe_refusal(self, refused: NoTrial) -> None:
        self.mutator.observe_refusal(refused)

    def draft(self, parents: Sequence[Trial], context: Context) -> Draft | str:
        if not parents:
            return "there is no program to have an idea about"
        return Draft(parents[0], (*self.usual_parts(parents[0], context), Part("idea", {})), (parents[0].number,))

    def read(self, answer: str, parent: Program, problem: ProblemFacts) -> Applied | Refused:
        """Refuse: an idea is no program yet."""
        return _NO_IDEA

    async def _idea(self, draft: Draft, first: Proposal, context: Context) -> Proposal:
        """Return a proposal with an idea in its notes, or with a refusal."""
        request, model = self._request(draft, context), ""
        for _ in range(self.tries):
            answer = await context.ask(request, model)
            model = answer.model
            idea = find_section(answer.text, "idea")[:_LONGEST_IDEA]
            if idea:
                return replace(first, model=model, notes={"idea": idea})
            request = self._again(request, answer, _NO_IDEA, context)
        return replace(first, model=model, refusal="the answer holds no idea")


def _ruled(first: Proposal, ruling: Ruling) -> Proposal:
    refusal = "" if ruling.passed else ruling.reason or "the gate turned the idea away"
    return replace(first, notes={**first.notes, **ruling.notes}, refusal=refusal)
