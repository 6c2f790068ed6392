"""Exact checks of new bests: the search does not wait for them, and does not depend on them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from evolve.evaluation import Verdict
from evolve.ladder import Ladder
from evolve.trial import Trial

__all__ = ["ExactChecks"]


@dataclass
class ExactChecks:
    """Runs the problem's own exact check beside the search.

    Args:
        ladder: knows how to verify a trial.
        offered: whether the problem has an exact check.
        note: called with the trial, as it was checked, and the verdict.
    """

    ladder: Ladder
    offered: bool
    note: Callable[[Trial, Verdict], None]
    _running: set[asyncio.Task[None]] = field(default_factory=set, init=False, repr=False)

    def start(self, trial: Trial) -> None:
        """Start the check of a trial, if there is one."""
        if self.offered:
            task = asyncio.create_task(self._check(trial), name=f"verify {trial.number}")
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def finish(self) -> None:
        """Wait for the checks that run."""
        if self._running:
            await asyncio.gather(*self._running)

    async def cancel(self) -> None:
        """Stop the checks that run."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _check(self, trial: Trial) -> None:
        self.note(trial, await self.ladder.verify(trial))
