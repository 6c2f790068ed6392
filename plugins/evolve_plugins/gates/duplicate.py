"""`Duplicate`: a program that is known already is turned away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from evolve import Context, Gate, Proposal, Trial
from evolve.fingerprint import source_key
from evolve.interfaces import Ruling

__all__ = ["Duplicate"]


@dataclass
class Duplicate(Gate):
    """Turns away programs that equal a finished trial in all but local names, comments, layout and dead code.

    Without this gate the engine enters such a program as a trial and reuses the known outcomes; with it, the proposal
    is refused, costs no trial of the budget, and its operator learns so. A program whose twin is still being judged
    passes. Renamed functions and globals count as different here, since a gate does not know who calls them.

    Reference: for the idea, the duplicate check of Koza, "Genetic programming", MIT Press 1992 (initial population).
    """

    _known: dict[str, int] = field(default_factory=dict, init=False, repr=False)

    async def judge(self, proposal: Proposal, parents: Sequence[Trial], context: Context) -> Ruling:
        """Reject with one line that names the known trial."""
        if proposal.program is None:
            return Ruling.reject(proposal.refusal or "no program")
        twin = self._known.get(source_key(proposal.program, ""))
        return Ruling.accept() if twin is None else Ruling.reject(f"it is the program of trial {twin} again")

    def observe(self, trial: Trial) -> None:
        """Remember the program."""
        self._known.setdefault(source_key(trial.program, ""), trial.number)
