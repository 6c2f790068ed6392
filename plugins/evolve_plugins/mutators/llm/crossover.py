"""`LlmCrossover`: a model combines two programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from evolve import Context, Trial
from evolve_plugins.mutators.llm.model_mutator import Draft
from evolve_plugins.mutators.llm.prompting import Part
from evolve_plugins.mutators.llm.rewrite import LlmRewrite

__all__ = ["LlmCrossover"]


@dataclass
class LlmCrossover(LlmRewrite):
    """Let a model combine two programs; the second one is the next parent, or else an inspiration.

    Reference: Meyerson et al., "Language model crossover", ACM TELO 4(4), 2024.
    """

    name: ClassVar[str] = "llm_crossover"

    def draft(self, parents: Sequence[Trial], context: Context) -> Draft | str:
        if not parents:
            return "there is no program to combine"
        others = [t for t in (*parents[1:], *context.inspirations) if t.program != parents[0].program]
        if not others:
            return "there is no second program to combine with"
        mate = others[0]
        parts = [p for p in self.usual_parts(parents[0], context) if p.template != "inspiration"]
        parts = [*parts, Part("crossover", {}), Part("rewrite", {})]
        return Draft(parents[0], tuple(parts), (parents[0].number, mate.number), mate)
