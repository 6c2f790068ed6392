"""`LlmFix`: a model repairs a program that fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from pydantic import Field

from evolve import Context, Trial
from evolve.evaluation import Status
from evolve.events import Refused as NoTrial
from evolve_plugins.mutators.llm.model_mutator import Draft
from evolve_plugins.mutators.llm.prompting import Part
from evolve_plugins.mutators.llm.rewrite import LlmRewrite

__all__ = ["LlmFix"]

_MENDABLE = frozenset({Status.ERROR, Status.INVALID, Status.TIMEOUT, Status.MEMORY, Status.KILLED})
_SPARED = {"inspiration", "failure", "target"}


@dataclass
class LlmFix(LlmRewrite):
    """Let a model repair a program that crashes, runs out of time or breaks the rules; it is told what went wrong.

    Args:
        repairs: attempts per broken program, > 0.
        recent: how many of the latest broken programs are worth it, > 0.
    """

    repairs: Annotated[int, Field(gt=0)] = 2
    recent: Annotated[int, Field(gt=0)] = 8
    name: ClassVar[str] = "llm_fix"
    _attempts: Counter[int] = field(default_factory=Counter, init=False, repr=False)

    def observe(self, trial: Trial, parents: Sequence[Trial]) -> None:
        super().observe(trial, parents)
        if trial.operator == self.name and trial.parents:
            self._attempts[trial.parents[0]] += 1

    def observe_refusal(self, refused: NoTrial) -> None:
        if refused.operator == self.name and refused.parents and "models" in refused.notes:
            self._attempts[refused.parents[0]] += 1

    def draft(self, parents: Sequence[Trial], context: Context) -> Draft | str:
        latest = [t for t in self._failed if t.failure in _MENDABLE and t.operator != "seed"][-self.recent :]
        broken = [t for t in latest if self._attempts[t.number] < self.repairs and not self._is_done(t)]
        if not broken:
            return "there is no broken program to repair"
        chosen = broken[int(context.rng.integers(len(broken)))]
        parts = [replace(p, spare=0) for p in self.usual_parts(chosen, context) if p.template not in _SPARED]
        return Draft(chosen, (*parts, Part("fix", {}), Part("rewrite", {})), (chosen.number,))

    def _is_done(self, trial: Trial) -> bool:
        """Tell whether it is itself a repair: chains of repairs end here."""
        return trial.operator == self.name
