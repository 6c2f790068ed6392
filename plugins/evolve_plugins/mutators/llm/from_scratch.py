"""`LlmFromScratch`: a model writes a program without seeing the earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from evolve import Context, Trial
from evolve_plugins.mutators.llm.model_mutator import Draft
from evolve_plugins.mutators.llm.prompting import Part
from evolve_plugins.mutators.llm.rewrite import LlmRewrite

__all__ = ["LlmFromScratch"]

_HIDDEN = {"parent", "feedback", "inspiration", "failure"}


@dataclass
class LlmFromScratch(LlmRewrite):
    """Let a model write a program without seeing the earlier ones, but for what must stay to the letter."""

    name: ClassVar[str] = "llm_from_scratch"
    purposes: ClassVar[frozenset[str]] = frozenset({"improve", "restart"})

    def draft(self, parents: Sequence[Trial], context: Context) -> Draft | str:
        frame = parents[0] if parents else context.best
        if frame is None:
            return "there is no program yet that shows what must stay"
        parts = [part for part in self.usual_parts(frame, context) if part.template not in _HIDDEN]
        return Draft(frame, (*parts, Part("scratch", {}), Part("rewrite", {})), ())
