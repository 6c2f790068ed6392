"""`lifts`: what the wrappers of a run gained per token, against the share of proposals that bypassed them.

A wrapper notes in each proposal `"wrapped": {"by": name, "control": bypassed}`, with the note of a wrapper that it
holds under "inside". A proposal has succeeded when it led to a valid trial of a new class that beats its primary
parent. A side's gain is its successes per 1,000 tokens; a refusal has cost as much as anything else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evolve.record import Record
from evolve.trial import TrialStatus

__all__ = ["Lift", "lifts"]

_FEWEST = 10
_QUANTILE = 1.959964


@dataclass(frozen=True, slots=True)
class Lift:
    """What a wrapper gained.

    Args:
        wrapper: its name.
        treated: proposals that it worked on.
        control: proposals that bypassed it.
        treated_yield: share of the treated ones that led to a new valid trial which beats its primary parent.
        control_yield: the same of the control.
        treated_tokens: spent on models for the treated ones.
        control_tokens: for the control.
        per_1000_tokens: successes per 1,000 tokens, treated less control; None when a side spent nothing.
        interval: 95 % interval of that difference, or None when a side has fewer than 10 proposals.
    """

    wrapper: str
    treated: int
    control: int
    treated_yield: float
    control_yield: float
    treated_tokens: float
    control_tokens: float
    per_1000_tokens: float | None
    interval: tuple[float, float] | None


@dataclass(slots=True)
class _Side:
    """The proposals of one side: whether each succeeded, and the tokens it cost."""

    successes: list[bool] = field(default_factory=list)
    tokens: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        return sum(self.successes) / len(self.successes) if self.successes else 0.0

    @property
    def rate(self) -> float:
        """Successes per 1,000 tokens."""
        return 1000.0 * sum(self.successes) / sum(self.tokens)

    @property
    def variance(self) -> float:
        """Variance of the rate, a ratio of two means, to first order."""
        count, rate, mean = len(self.tokens), self.rate, sum(self.tokens) / len(self.tokens) / 1000.0
        residuals = [won - rate * cost / 1000.0 for won, cost in zip(self.successes, self.tokens, strict=True)]
        return sum(residual**2 for residual in residuals) / (count - 1) / count / mean**2


def lifts(record: Record) -> list[Lift]:
    """Return what each wrapper of a run gained, by name.

    Inside another wrapper, the tokens are those of the whole proposal, and only what the outer one handed on counts.

    Reference: ratio estimator and its normal interval as in Cochran, "Sampling techniques", 3rd ed., 1977, ch. 6.
    """
    sides: dict[str, tuple[_Side, _Side]] = {}
    for notes, succeeded in _proposals(record):
        for wrapper, bypassed in _wrappers(notes.get("wrapped")):
            side = sides.setdefault(wrapper, (_Side(), _Side()))[bypassed]
            side.successes.append(succeeded)
            side.tokens.append(float(notes.get("models", {}).get("tokens", 0.0)))
    return [_lift(wrapper, *sides[wrapper]) for wrapper in sorted(sides)]


def _proposals(record: Record) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Yield the notes of each finished proposal, and whether it succeeded."""
    fitness: dict[int, float | None] = {}
    for row, trial in record.history("committed", "refused"):
        if trial is None:
            yield row.body.get("notes", {}), False
            continue
        reached = fitness[trial.number] = row.body["fitness"]
        before = fitness.get(trial.parents[0]) if trial.parents else None
        fresh = row.body["status"] == TrialStatus.OK
        yield trial.notes, fresh and reached is not None and (before is None or reached > before)


def _wrappers(mark: Mapping[str, Any] | None) -> Iterator[tuple[str, bool]]:
    while mark:
        yield str(mark["by"]), bool(mark["control"])
        mark = mark.get("inside")


def _lift(wrapper: str, treated: _Side, control: _Side) -> Lift:
    sides: Sequence[_Side] = (treated, control)
    difference = treated.rate - control.rate if all(sum(side.tokens) for side in sides) else None
    interval = None
    if difference is not None and min(len(side.tokens) for side in sides) >= _FEWEST:
        margin = _QUANTILE * math.sqrt(treated.variance + control.variance)
        interval = (difference - margin, difference + margin)
    return Lift(
        wrapper,
        len(treated.tokens),
        len(control.tokens),
        treated.share,
        control.share,
        sum(treated.tokens),
        sum(control.tokens),
        difference,
        interval,
    )
