"""`Turnstile`: lets concurrent steps pass one border in a fixed order."""

from __future__ import annotations

import asyncio
import heapq

__all__ = ["Turnstile"]


class Turnstile:
    """Tickets pass in ascending order when `ordered`, at once otherwise.

    Args:
        ordered: whether a ticket waits for all lower ones that have been issued.
    """

    def __init__(self, ordered: bool) -> None:
        self._ordered = ordered
        self._waiting: dict[int, asyncio.Event] = {}
        self._issued: list[int] = []

    def issue(self, ticket: int) -> None:
        """Announce a ticket that will pass later."""
        if self._ordered:
            heapq.heappush(self._issued, ticket)

    async def wait(self, ticket: int) -> None:
        """Wait until every lower ticket has passed."""
        if self._ordered and self._issued[0] != ticket:
            self._waiting[ticket] = asyncio.Event()
            await self._waiting[ticket].wait()

    def passed(self, ticket: int) -> None:
        """Let the next ticket through."""
        if self._ordered:
            heapq.heappop(self._issued)
            self._waiting.pop(ticket, None)
            if self._issued and self._issued[0] in self._waiting:
                self._waiting[self._issued[0]].set()
