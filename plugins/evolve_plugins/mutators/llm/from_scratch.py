"""`LlmFromScratch`: a model writes a program that is no change of an earlier one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from evolve import Context, Trial
from evolve_plugins.mutators.llm.model_mutator import Draft
from evolve_plugins.mutators.llm.prompting import Part, shown
from evolve_plugins.mutators.llm.rewrite import LlmRewrite

__all__ = ["LlmFromScratch"]

_HIDDEN = {"parent", "feedback", "inspiration", "failure"}
_SPARE = 3
"""Importance of the best program shown; each worse one has a higher number, so it is left out earlier."""


@dataclass
class LlmFromScratch(LlmRewrite):
    """Let a model write a program anew. It sees no code but what must stay to the letter.

    A strategy that names no parent, and yet programs to look at, wants these seen, as `adas` does: then they are shown,
    in its order; where the prompt would be too long, the worst are left out first.
    """

    name: ClassVar[str] = "llm_from_scratch"
    purposes: ClassVar[frozenset[str]] = frozenset({"improve", "restart"})

    def draft(self, parents: Sequence[Trial], context: Context) -> Draft | str:
        frame = parents[0] if parents else context.best
        if frame is None:
            return "there is no program yet that shows what must stay"
        usual = [part for part in self.usual_parts(frame, context) if part.template not in _HIDDEN]
        seen = [] if parents else list(self._programs(context))
        rules = usual.index(next(part for part in usual if part.template == "constraints"))
        scratch = Part("scratch", {"seen": bool(seen)})
        return Draft(frame, (*usual[:rules], *seen, *usual[rules:], scratch, Part("rewrite", {})), ())

    def _programs(self, context: Context) -> Iterator[Part]:
        given = context.inspirations
        worth = [-math.inf if trial.fitness is None else trial.fitness for trial in given]
        rank = {place: rank for rank, place in enumerate(sorted(range(len(given)), key=lambda i: -worth[i]))}
        for place, trial in enumerate(given):
            yield Part("inspiration", {"other": shown(trial, context.problem)}, _SPARE + rank[place])
