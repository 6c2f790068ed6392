"""What can go wrong, by who can mend it.

A candidate's failure is never an exception: it is an `Outcome`. An engine bug is never caught. What is left are
mistakes that a person can mend; each carries one line that says what is wrong, where, and what to write instead.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "BudgetError",
    "CandidateError",
    "ConfigError",
    "EvolveError",
    "LedgerError",
    "PluginError",
    "ProblemError",
    "did_you_mean",
]


class EvolveError(Exception):
    """A mistake that its reader can mend; `str(error)` is the one line the user sees."""


class ConfigError(EvolveError):
    """A setting is unknown, mistyped or out of range."""


class BudgetError(ConfigError):
    """A budget is negative, malformed or of an unknown unit."""


class PluginError(EvolveError):
    """A plugin cannot be found, imported or trusted to keep its contract."""


class ProblemError(EvolveError):
    """A problem folder is missing something, or its own code fails."""


class LedgerError(EvolveError):
    """A run folder cannot be opened, written or read."""


class CandidateError(EvolveError):
    """A sandboxed program did not answer a call with plain data.

    Evaluators may let it pass: the engine turns it into the candidate's outcome.

    Args:
        status: what happened, one of the values of `evolve.Status`.
        detail: one or more lines for the next author, already cleaned of control characters.
    """

    def __init__(self, status: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `"; did you mean 'x'?"` for the closest known word, or the list of known words.

    Args:
        word: what the user wrote.
        known: what would have been accepted.

    Returns:
        The end of an error line, with its leading "; ", or "" when nothing is known.
    """
    choices = sorted(set(known))
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(choices)}" if choices else ""
