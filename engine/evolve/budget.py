"""`Budget`: how much a run may use; `Meter`: how much it has used."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["PAID", "Meter"]

_NOUNS = {
    "trials": "trials",
    "evaluations": "evaluations",
    "seconds": "s of time",
    "cpu_seconds": "s of CPU time",
    "usd": "US dollars",
    "tokens": "tokens",
}
PAID = ("usd", "tokens")
"""Budgets that requests to models spend; what was paid for is finished before the run ends."""

_TICK_S = 0.005
"""The clocks are read no more often: every fact asks, and to ask the kernel for CPU time takes microseconds."""


@dataclass
class Meter:
    """Counts what a run uses against what it may use.

    Args:
        limits: what may be used, by name: "trials", "evaluations", "seconds", "cpu_seconds", "usd", "tokens"; a name
            left out has no limit. CPU seconds are those of candidates, evaluators and the engine together.
    """

    limits: Mapping[str, float] = field(default_factory=dict)
    used: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_NOUNS, 0.0))
    _wall: float | None = field(default=None, init=False, repr=False)
    _cpu: float = field(default=0.0, init=False, repr=False)

    def start(self) -> None:
        """Start the clocks; what an earlier part of the run used is kept."""
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def charge(self, **amounts: float) -> None:
        """Add to what was used, such as `charge(trials=1, cpu_seconds=0.2)`."""
        for name, amount in amounts.items():
            self.used[name] += amount

    def tick(self) -> None:
        """Take over what the clocks of this process say."""
        wall = time.monotonic()
        if self._wall is not None and wall >= self._wall + _TICK_S:
            cpu = time.process_time()
            self.charge(seconds=wall - self._wall, cpu_seconds=cpu - self._cpu)
            self._wall, self._cpu = wall, cpu

    @property
    def remaining(self) -> Mapping[str, float]:
        """What is left of each limited budget, >= 0."""
        return {name: max(0.0, limit - self.used[name]) for name, limit in self.limits.items()}

    @property
    def seconds_left(self) -> float | None:
        """Seconds of wall time until the time budget ends, or None without one."""
        return self.remaining.get("seconds")

    def exhausted(self, *, paid: bool = False) -> str:
        """Return which budget is spent, in words, or "" while there is some of each.

        Args:
            paid: look at those that requests to models spend, instead of all others.
        """
        self.tick()
        for name, left in self.remaining.items():
            if left <= 0 and (name in PAID) is paid:
                return f"budget spent: {self.limits[name]:g} {_NOUNS[name]}"
        return ""
