"""`ModelMutator`: what all operators have in common that ask a language model for a program."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar

from pydantic import Field

from evolve import Context, Mutator, Program, Proposal, Trial
from evolve.evaluation import Status
from evolve.interfaces import ProblemFacts
from evolve.messages import Answer, Message, ModelError, Request
from evolve.trial import TrialStatus
from evolve_plugins.mutators.llm.answers import find_section
from evolve_plugins.mutators.llm.contexts import hint_in, idea_in
from evolve_plugins.mutators.llm.edits import Applied, EditRefusal, Refused
from evolve_plugins.mutators.llm.prompting import Part, Prompter, mistakes_in, pictures, shown

__all__ = ["Draft", "ModelMutator"]

_REMEMBERED = 50
_SEEDS = 1 << 31
_WANTED = ("images", "seed", "system")
"""Abilities that a request makes use of where every model that may be asked has them."""
_LONGEST_IDEA = 2000
_CODE = re.compile(r"(?:^\S+\n)?^\s*(?:```|~~~|<{5,9}\s*SEARCH)", re.IGNORECASE | re.MULTILINE)
"""Where an idea ends at the latest: where code begins, with its path above it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What one proposal starts from.

    Args:
        parent: the trial whose program the answer changes.
        parts: of the prompt, in order.
        parents: numbers of the trials that the child descends from, the primary one first.
        mate: a second program, or None.
        notes: what goes into the child's notes.
    """

    parent: Trial
    parts: tuple[Part, ...]
    parents: tuple[int, ...]
    mate: Trial | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class ModelMutator(Mutator):
    """Asks a language model for a program, and once more when the answer cannot be used.

    Args:
        prompt_tokens: longest prompt, tokens; what is least important is left out of a longer one.
        failures: how many failed attempts are shown.
        tries: requests for one proposal: after the first, the model is told why its answer cannot be used.
        temperature: of sampling; None takes what the run's configuration says.
    """

    prompt_tokens: Annotated[int, Field(gt=0)] = 24_000
    failures: Annotated[int, Field(ge=0)] = 3
    tries: Annotated[int, Field(gt=0)] = 2
    temperature: Annotated[float, Field(ge=0)] | None = None
    name: ClassVar[str] = ""
    """What its proposals are signed with."""
    _failed: deque[Trial] = field(default_factory=lambda: deque(maxlen=_REMEMBERED), init=False, repr=False)

    @abstractmethod
    def draft(self, parents: Sequence[Trial], context: Context) -> Draft | str:
        """Return what to start from, or why there is nothing to ask.

        Args:
            parents: the primary parent first.
            context: of the proposal.
        """

    @abstractmethod
    def read(self, answer: str, parent: Program, problem: ProblemFacts) -> Applied | Refused:
        """Turn an answer into a program."""

    def most_requests(self) -> int:
        return self.tries

    def longest_prompt(self) -> int:
        return self.prompt_tokens

    def unfit(self, problem: ProblemFacts) -> str:
        return mistakes_in(problem) if problem.models else f"{self.name} needs a model; name one: --model openai:NAME"

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        numbers = tuple(parent.number for parent in parents)
        draft = self.draft(parents, context)
        if isinstance(draft, str):
            return [Proposal.refused(self.name, draft, numbers)]
        request = self._request(draft, context)
        refusals: list[Refused] = []
        answer = None
        try:
            for _ in range(self.tries):
                answer = await context.ask(request, answer.model if answer is not None else "")
                made = self._read(answer, draft.parent.program, context.problem)
                if isinstance(made, Applied):
                    return [self._proposal(made, answer, draft, refusals)]
                refusals.append(made)
                request = self._again(request, answer, made, context)
        except ModelError as error:
            return [self._nothing(str(error), draft, refusals, answer)]
        return [self._nothing(f"{refusals[-1].reason}: {_first_line(refusals[-1].detail)}", draft, refusals, answer)]

    def observe(self, trial: Trial, parents: Sequence[Trial]) -> None:
        if trial.failure not in (None, Status.INFRASTRUCTURE) and trial.status is not TrialStatus.REUSED:
            self._failed.append(trial)

    def usual_parts(self, parent: Trial, context: Context) -> Iterator[Part]:
        """Yield the parts that most prompts share: task, target, parent, what was said of it, others, failures, rules.

        Args:
            parent: whose program is to be changed.
            context: of the proposal.
        """
        problem = context.problem
        yield Part("statement", {})
        best = shown(context.best, problem) if context.best is not None else None
        yield Part("target", {"best": best, "best_known": dict(problem.best_known)})
        yield Part("parent", {})
        yield Part("feedback", {}, 1)
        for other in context.inspirations:
            if other.program != parent.program:
                yield Part("inspiration", {"other": shown(other, problem)}, 3)
        for other in self._failures_near(parent):
            yield Part("failure", {"other": shown(other, problem)}, 4)
        yield Part("constraints", {})
        if hint := hint_in(context):
            yield Part("hint", {"hint": hint})
        if idea := idea_in(context):
            yield Part("with_idea", {"idea": idea})

    def _failures_near(self, parent: Trial) -> list[Trial]:
        """Return the latest failed attempts, those to change this parent first."""
        latest = list(self._failed)[::-1]
        near = sorted(latest, key=lambda trial: trial.parents[:1] != (parent.number,))
        return near[: self.failures]

    def _request(self, draft: Draft, context: Context) -> Request:
        problem = context.problem
        prompter = Prompter(problem, self.prompt_tokens)
        data = {"parent": shown(draft.parent, problem), "mate": shown(draft.mate, problem) if draft.mate else None}
        able = list(context.models.values())
        looks, seeded, placed = (bool(able) and all(getattr(a, what) for a in able) for what in _WANTED)
        parts = prompter.fitting(draft.parts, data)
        images = pictures([draft.parent]) if looks and any(part.template == "feedback" for part, _ in parts) else ()
        system = prompter.one("system", data)
        texts = [text for _, text in parts] if placed else [system, *(text for _, text in parts)]
        return Request(
            (Message("user", "\n\n".join(texts), images),),
            system=system if placed else "",
            temperature=self.temperature,
            seed=int(context.rng.integers(_SEEDS)) if seeded else None,
        )

    def _read(self, answer: Answer, parent: Program, problem: ProblemFacts) -> Applied | Refused:
        made = self.read(answer.text, parent, problem)
        if isinstance(made, Refused) and answer.truncated and made.reason is not EditRefusal.UNCHANGED:
            return Refused(EditRefusal.TRUNCATED, "the answer was cut off at its longest length; be briefer")
        return made

    def _again(self, request: Request, answer: Answer, made: Refused, context: Context) -> Request:
        said = Prompter(context.problem).one("refusal", {"reason": str(made.reason), "detail": made.detail})
        turns = (Message("assistant", answer.text or "(empty)"), Message("user", said))
        return replace(request, messages=(*request.messages, *turns))

    def _proposal(self, made: Applied, answer: Answer, draft: Draft, refusals: Sequence[Refused]) -> Proposal:
        idea = _CODE.split(find_section(answer.text, "idea"), maxsplit=1)[0].strip()[:_LONGEST_IDEA]
        notes = {**draft.notes, **_told(refusals), "how": made.how, **({"idea": idea} if idea else {})}
        return Proposal(made.program, self.name, draft.parents, answer.model, notes)

    def _nothing(self, why: str, draft: Draft, refusals: Sequence[Refused], answer: Answer | None) -> Proposal:
        model = answer.model if answer is not None else ""
        return Proposal(None, self.name, draft.parents, model, {**draft.notes, **_told(refusals)}, why)


def _told(refusals: Sequence[Refused]) -> dict[str, Any]:
    return {"refusals": [str(refusal.reason) for refusal in refusals]} if refusals else {}


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:200]
