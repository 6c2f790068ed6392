"""`LlmRewrite`: a model writes a program, or its evolvable part, anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from evolve import Context, Program, Trial
from evolve.interfaces import ProblemFacts
from evolve_plugins.mutators.llm.answers import find_blocks
from evolve_plugins.mutators.llm.edits import Applied, Refused, apply_rewrite
from evolve_plugins.mutators.llm.model_mutator import Draft, ModelMutator
from evolve_plugins.mutators.llm.prompting import Part

__all__ = ["LlmRewrite"]


@dataclass
class LlmRewrite(ModelMutator):
    """Let a model write a whole file, or the region that may change, anew."""

    name: ClassVar[str] = "llm_rewrite"

    def draft(self, parents: Sequence[Trial], context: Context) -> Draft | str:
        if not parents:
            return "there is no program to rewrite"
        parts = (*self.usual_parts(parents[0], context), Part("rewrite", {}))
        return Draft(parents[0], parts, (parents[0].number,))

    def read(self, answer: str, parent: Program, problem: ProblemFacts) -> Applied | Refused:
        return apply_rewrite(parent, find_blocks(answer), problem.evolvable)
