"""`LlmDiff`: a model changes parts of a program by search and replace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from evolve import Context, Program, Trial
from evolve.interfaces import ProblemFacts
from evolve_plugins.mutators.llm.answers import find_edits
from evolve_plugins.mutators.llm.edits import Applied, Refused, apply_edits
from evolve_plugins.mutators.llm.model_mutator import Draft, ModelMutator
from evolve_plugins.mutators.llm.prompting import Part

__all__ = ["LlmDiff"]


@dataclass
class LlmDiff(ModelMutator):
    """Let a model change parts of a program by blocks of search and replace.

    Reference: Novikov et al., "AlphaEvolve: a coding agent for scientific and algorithmic discovery", 2025.
    """

    name: ClassVar[str] = "llm_diff"

    def draft(self, parents: Sequence[Trial], context: Context) -> Draft | str:
        if not parents:
            return "there is no program to change"
        parts = (*self.usual_parts(parents[0], context), Part("diff", {}))
        return Draft(parents[0], parts, (parents[0].number,))

    def read(self, answer: str, parent: Program, problem: ProblemFacts) -> Applied | Refused:
        return apply_edits(parent, find_edits(answer), problem.evolvable)
