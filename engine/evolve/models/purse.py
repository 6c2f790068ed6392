"""`Purse`: money and tokens are set aside before a request is sent, so that a budget is never overdrawn."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from evolve.budget import Meter

__all__ = ["Overdrawn", "Purse"]

_DUST = 1e-9
"""Share of a budget that sums of fractions may be wrong by; it does not keep anybody from the last cent."""


class Overdrawn(Exception):
    """The budget cannot pay for a request, even when all that is set aside comes back."""


@dataclass
class Purse:
    """Sets aside what a request may cost at most, and pays what it did cost.

    Args:
        meter: what the run may use, and what it has used.
    """

    meter: Meter
    _aside: dict[str, float] = field(default_factory=lambda: {"usd": 0.0, "tokens": 0.0}, init=False, repr=False)
    _open: int = field(default=0, init=False, repr=False)
    _waiting: list[asyncio.Future[None]] = field(default_factory=list, init=False, repr=False)

    async def set_aside(self, most: Mapping[str, float]) -> None:
        """Set aside what a request may cost; wait for others' change where it is short.

        Args:
            most: "usd" and "tokens" that it costs at most.

        Raises:
            Overdrawn: it can never be paid.
        """
        while short := self._short(most):
            if not self._open:
                left = max(0.0, self._left(short))
                raise Overdrawn(
                    f"what is left of the budget, {left:.4g} {short}, cannot pay for a request that may cost "
                    f"{most[short]:.4g}"
                )
            change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(change)
            await change
        self._open += 1
        for name, amount in most.items():
            self._aside[name] += amount

    def settle(self, most: Mapping[str, float], cost: Mapping[str, float]) -> None:
        """Pay for a request out of what was set aside, and put the rest back.

        Args:
            most: what was set aside for it.
            cost: what it did cost; {} when it failed.
        """
        self._open -= 1
        for name, amount in most.items():
            self._aside[name] = self._aside[name] - amount if self._open else 0.0
        self.meter.charge(**cost)
        waiting, self._waiting = self._waiting, []
        for change in waiting:
            if not change.done():
                change.set_result(None)

    def _short(self, most: Mapping[str, float]) -> str:
        """Return which budget cannot pay now, or ""."""
        limits = self.meter.limits
        return next((n for n, amount in most.items() if amount > self._left(n) + _DUST * limits.get(n, 0.0)), "")

    def _left(self, name: str) -> float:
        limit = self.meter.limits.get(name, float("inf"))
        return limit - self.meter.used[name] - self._aside[name]
