"""`Drought`: when so many proposals in a row led to no trial that going on would be a waste."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from evolve.trial import Proposal

__all__ = ["Drought"]

_FRUITLESS = 2000
"""After so many refusals in a row there is nothing left that the operators can find."""

_UNUSABLE = 100
"""After so many paid proposals in a row without a program, more money would be thrown away."""


@dataclass
class Drought:
    """Counts the steps since the last one that led to a trial or an outcome."""

    _fruitless: int = field(default=0, init=False, repr=False)
    _unusable: int = field(default=0, init=False, repr=False)
    _reasons: Counter[str] = field(default_factory=Counter, init=False, repr=False)

    def note(self, fruit: bool, refused: Sequence[Proposal]) -> str:
        """Take in a finished step, and return why the run should end, or "".

        Args:
            fruit: it led to a trial or an outcome.
            refused: its proposals that did not.
        """
        if fruit:
            if self._fruitless:
                self._fruitless = self._unusable = 0
                self._reasons.clear()
            return ""
        self._fruitless += 1
        self._reasons.update(proposal.refusal for proposal in refused if proposal.refusal)
        self._unusable += any("models" in proposal.notes for proposal in refused)
        if self._fruitless >= _FRUITLESS:
            often = self._reasons.most_common(1)
            why = f", most often because: {often[0][0]}" if often else ""
            return f"the operators found no new program {_FRUITLESS} times in a row{why}"
        if self._unusable >= _UNUSABLE:
            why = refused[-1].refusal if refused else "nothing"
            return f"{_UNUSABLE} proposals of models in a row gave no program, the last one because: {why}"
        return ""
