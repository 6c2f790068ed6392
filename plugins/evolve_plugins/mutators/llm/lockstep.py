"""Several drafts that ask models at the same time, and yet in an order that does not depend on who is answered first.

The record knows a request by its place among those of its step. So drafts take turns: whoever wants to ask waits until
every other draft wants to ask as well, or is done; then all requests leave together, in the order of the drafts.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from evolve.messages import Answer, Request
from evolve_plugins.mutators.llm.contexts import Guided

__all__ = ["InTurn", "Turns"]


@dataclass
class Turns:
    """Gives out turns to so many drafts, numbered from 0.

    Args:
        drafts: how many there are, > 0.
    """

    drafts: int
    _busy: set[int] = field(init=False, repr=False)
    _waiting: list[tuple[int, int, asyncio.Future[None]]] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        self._busy = set(range(self.drafts))

    async def take(self, draft: int) -> None:
        """Wait until it is the turn of a draft to ask."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((draft, len(self._waiting), turn))
        self._rest(draft)
        await turn

    def leave(self, draft: int) -> None:
        """Say that a draft is done; nobody waits for it any more."""
        self._rest(draft)

    def _rest(self, draft: int) -> None:
        self._busy.discard(draft)
        if not self._busy:
            # not at once: a draft that is made of drafts itself asks several times in the same round
            asyncio.get_running_loop().call_soon(self._begin_round)

    def _begin_round(self) -> None:
        if self._busy:
            return
        waiting, self._waiting = sorted(self._waiting, key=lambda one: one[:2]), []
        self._busy = {draft for draft, _, turn in waiting if not turn.done()}
        for _, _, turn in waiting:
            if not turn.done():
                turn.set_result(None)


@dataclass
class InTurn(Guided):
    """A context that asks when it is its turn.

    Args:
        turns: who gives out the turns.
        draft: its number.
    """

    turns: Turns = field(default_factory=lambda: Turns(1))
    draft: int = 0

    async def ask(self, request: Request, model: str = "") -> Answer:
        """Ask the model that was chosen, when it is its turn, and keep the answer."""
        await self.turns.take(self.draft)
        return await super().ask(request, model)
