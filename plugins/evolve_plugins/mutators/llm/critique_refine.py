"""`CritiqueRefine`: a model writes a draft, criticises it, and writes it once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from evolve import Context, Program, Proposal, Trial
from evolve.messages import Message, ModelError, Request
from evolve_plugins.mutators.llm.answers import find_section
from evolve_plugins.mutators.llm.contexts import Exchange, Guided
from evolve_plugins.mutators.llm.edits import Applied, Refused
from evolve_plugins.mutators.llm.model_mutator import ModelMutator
from evolve_plugins.mutators.llm.prompting import Part, Prompter, shown
from evolve_plugins.mutators.llm.wrapping import Wrapper, reader_of

__all__ = ["CritiqueRefine"]

_SEED = 0
_LONGEST_NOTE = 2000


@dataclass
class CritiqueRefine(Wrapper):
    """Lets a model criticise a draft of another operator, and write it once more unless nothing is to be mended.

    The second answer goes on with the conversation of the first: it has the form that the operator inside asked for,
    and that operator reads it. An answer that cannot be read leaves the draft as it is. Where the operator inside
    makes several proposals, the first one is refined.

    Args:
        rounds: how often, > 0.
        ground: what the critique rests on: "evaluator" shows the parent's score and what the judge said of it, "self"
            nothing but the task and the draft.

    Reference: Lu et al., "SELF: self-evolution with language feedback", 2023.
    """

    rounds: Annotated[int, Field(gt=0)] = 1
    ground: Literal["evaluator", "self"] = "evaluator"
    name: ClassVar[str] = "critique_refine"

    def most_requests(self) -> int:
        return self.mutator.most_requests() + 2 * self.rounds

    async def treat(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        guided = Guided(context)
        made = list(await self.mutator.propose(parents, guided))
        first = next((i for i, proposal in enumerate(made) if proposal.program is not None), None)
        if first is not None and guided.exchanges:
            reader = reader_of(self.mutator, made[first].operator)
            if reader is not None:
                made[first] = await self._refined(
                    made[first], reader, _parent_of(made[first], parents, context), guided
                )
        return made

    async def _refined(self, draft: Proposal, reader: ModelMutator, parent: Trial, context: Guided) -> Proposal:
        """Return the draft, refined as often as it pays."""
        exchange, rounds = context.exchanges[-1], list[dict[str, Any]]()
        assert draft.program is not None
        try:
            for _ in range(self.rounds):
                critique = await context.ask(self._critique(draft.program, parent, context), draft.model)
                said = find_section(critique.text, "critique") or critique.text.strip()
                verdict = "keep" if find_section(critique.text, "verdict").lower().startswith("keep") else "mend"
                rounds.append({"verdict": verdict, "critique": said[:_LONGEST_NOTE]})
                if verdict == "keep":
                    break
                request = _once_more(exchange, said, context)
                answer = await context.ask(request, draft.model)
                made = reader.read(answer.text, parent.program, context.problem)
                rounds[-1]["refined"] = made.how if isinstance(made, Applied) else str(made.reason)
                if isinstance(made, Refused):
                    break
                draft = replace(draft, program=made.program, notes={**draft.notes, "how": made.how})
                exchange = Exchange(request, answer)
        except ModelError as error:
            rounds.append({"fault": str(error)})
        context.settle_on(exchange)
        return replace(draft, notes={**draft.notes, self.name: {"ground": self.ground, "rounds": rounds}})

    def _critique(self, draft: Program, parent: Trial, context: Guided) -> Request:
        problem, grounded = context.problem, self.ground == "evaluator"
        parts = [Part("statement", {})]
        if grounded:
            best = shown(context.best, problem) if context.best is not None else None
            parts.append(Part("target", {"best": best, "best_known": dict(problem.best_known)}))
            parts += [Part("parent", {}, 2), Part("feedback", {}, 1)]
        files = shown(Trial(-1, draft), problem)["files"]
        parts += [Part("constraints", {}), Part("critique", {"draft": files, "grounded": grounded})]
        prompter, data = Prompter(problem), {"parent": shown(parent, problem)}
        return Request((Message("user", prompter.render(parts, data)),), prompter.one("system", data))


def _once_more(exchange: Exchange, critique: str, context: Guided) -> Request:
    """Return the request for the whole answer once more, with a critique."""
    asked = exchange.request
    said = Prompter(context.problem).one("refine", {"critique": critique})
    turns = (Message("assistant", exchange.answer.text), Message("user", said))
    return Request((*asked.messages, *turns), asked.system, temperature=asked.temperature, seed=asked.seed)


def _parent_of(draft: Proposal, parents: Sequence[Trial], context: Context) -> Trial:
    """Return the trial whose program the draft changes."""
    known = {parent.number: parent for parent in parents}
    number = next(iter((*draft.parents, *known)), _SEED)
    return known[number] if number in known else context.trial(number)
