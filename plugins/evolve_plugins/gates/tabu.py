"""`Tabu`: what lately led nowhere is not tried again for a while."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from evolve import Context, Gate, Proposal, Trial
from evolve.fingerprint import source_key
from evolve.interfaces import Ruling

__all__ = ["Tabu"]


@dataclass
class Tabu(Gate):
    """Turns away programs that are on a list of the last trials and failed there, or were no better than their parent.

    Programs count as equal when they differ in local names, comments, layout and dead code only. A valid program
    without a parent is not on the list, and neither is one that improved on its primary parent.

    Differs from the paper: whole programs are tabu, not moves; there is no aspiration criterion, since a program's
    score is not known before it is judged.

    Args:
        tenure: how many of the last trials are looked at, > 0.

    Reference: Glover, "Tabu search, part I", ORSA Journal on Computing 1(3), 1989.
    """

    tenure: Annotated[int, Field(gt=0)] = 200
    _fitness: dict[int, float] = field(default_factory=dict, init=False, repr=False)
    _last: deque[tuple[str, int, str]] = field(default_factory=deque, init=False, repr=False)

    async def judge(self, proposal: Proposal, parents: Sequence[Trial], context: Context) -> Ruling:
        """Reject with one line that says what came of it before."""
        if proposal.program is None:
            return Ruling.reject(proposal.refusal or "no program")
        key = source_key(proposal.program, "")
        for known, number, why in reversed(self._last):
            if known == key and why:
                return Ruling.reject(f"tabu: as trial {number} it {why}")
        return Ruling.accept()

    def observe(self, trial: Trial) -> None:
        """Put the trial on the list, and drop the oldest one when the list is full."""
        why = ""
        if trial.fitness is None:
            why = f"failed ({trial.failure})" if trial.failure else "failed"
        else:
            self._fitness[trial.number] = trial.fitness
            before = self._fitness.get(trial.parents[0]) if trial.parents else None
            if before is not None and trial.fitness <= before:
                why = f"was no better than trial {trial.parents[0]}"
        self._last.append((source_key(trial.program, ""), trial.number, why))
        while len(self._last) > self.tenure:
            self._last.popleft()
