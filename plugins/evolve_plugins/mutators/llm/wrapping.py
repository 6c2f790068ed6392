"""`Wrapper`: what operators have in common that work on the proposals of another one, and prove what that is worth.

A share of the proposals, the control, bypasses the wrapper. Every proposal notes which wrapper it has met and whether
it bypassed it, so that the run's summary can compare what both gain per token (`evolve.lift`). Wrappers compose: the
note of an inner one stands inside that of the outer one.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import Field

from evolve import Context, Mutator, Proposal, Trial
from evolve.events import Refused
from evolve.interfaces import ProblemFacts
from evolve.messages import ModelError
from evolve_plugins.mutators.llm.diff import LlmDiff
from evolve_plugins.mutators.llm.model_mutator import ModelMutator

__all__ = ["Wrapper", "as_it_is", "reader_of"]

_Plugin = TypeVar("_Plugin")


@dataclass
class Wrapper(Mutator):
    """Works on what another operator proposes.

    Args:
        mutator: the operator inside.
        control: share of proposals that bypass the wrapper, from 0 to 1.
    """

    mutator: Mutator = field(default_factory=LlmDiff)
    control: Annotated[float, Field(ge=0, le=1)] = 0.05
    name: ClassVar[str] = ""
    """What it is called in the notes."""

    def __post_init__(self) -> None:
        vars(self)["purposes"] = self.mutator.purposes  # it is good for whatever the operator inside is good for

    @abstractmethod
    async def treat(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        """Propose with the wrapper's help.

        Args:
            parents: the primary parent first.
            context: of the proposal.
        """

    def unfit(self, problem: ProblemFacts) -> str:
        return self.mutator.unfit(problem)

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        bypassed = bool(context.rng.random() < self.control)
        try:
            made = await (self.mutator.propose if bypassed else self.treat)(parents, context)
        except ModelError as error:
            made = [Proposal.refused(self.name, str(error), tuple(parent.number for parent in parents))]
        return [replace(p, notes={**p.notes, "wrapped": self._mark(p, bypassed)}) for p in made]

    def observe(self, trial: Trial, parents: Sequence[Trial]) -> None:
        self.mutator.observe(trial, parents)

    def observe_refusal(self, refused: Refused) -> None:
        self.mutator.observe_refusal(refused)

    def _mark(self, proposal: Proposal, bypassed: bool) -> dict[str, Any]:
        inside = proposal.notes.get("wrapped")
        return {"by": self.name, "control": bypassed, **({"inside": inside} if inside else {})}


def as_it_is(plugin: _Plugin) -> _Plugin:
    """Return a copy of a plugin that keeps the state of this moment.

    A proposal depends on what was known when it was decided upon, so an operator reads the state before it first waits
    for a model. Who lets another operator work after that hands it over as it was before.
    """
    return copy.deepcopy(plugin)


def reader_of(mutator: Mutator, operator: str) -> ModelMutator | None:
    """Return the operator, inside others or not, that reads the answers for proposals signed with a name."""
    if isinstance(mutator, ModelMutator) and mutator.name == operator:
        return mutator
    for value in vars(mutator).values():
        for inner in value if isinstance(value, tuple) else (value,):
            found = reader_of(inner, operator) if isinstance(inner, Mutator) else None
            if found is not None:
                return found
    return None
