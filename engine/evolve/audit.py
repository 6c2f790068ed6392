"""`Auditor`: which class keys keep their word. What a program was measured at is compared with what a key promised."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from evolve import views
from evolve.cache import Known
from evolve.evaluation import Outcome
from evolve.events import Audited
from evolve.state import RunState

__all__ = ["Auditor"]


@dataclass
class Auditor:
    """Compares, and keeps account of the keys that have led to a wrong outcome.

    Args:
        state: of the run.
        tolerance: how far two scores may be apart and still count as equal, relative and absolute, >= 0.
    """

    state: RunState
    tolerance: float
    _under_way: dict[str, asyncio.Future[None]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self._distrusted = set(views.distrusted(self.state.ledger))

    def trusted(self, keys: Sequence[str]) -> tuple[str, ...]:
        """Return the keys before the first one that has merged programs that differ; coarser ones merge even more."""
        doubtful = next((place for place, key in enumerate(keys) if key in self._distrusted), len(keys))
        return tuple(keys[:doubtful])

    def begin(self, keys: Iterable[str]) -> None:
        """Say that an audit of some keys is under way."""
        self._under_way.update(dict.fromkeys(filter(None, keys), asyncio.get_running_loop().create_future()))

    async def wait(self, key: str) -> bool:
        """Wait for the end of an audit of a key; return False, at once, when there is none."""
        if key not in self._under_way:
            return False
        await asyncio.wait([self._under_way[key]])
        return True

    def compare(self, number: int, key: str, leader: int, pairs: Sequence[tuple[Outcome, Known]]) -> Audited:
        """Compare what was measured with what was known; a key that promised something else is not trusted any more.

        Args:
            number: of the trial that was measured.
            key: by which its class was known to this run, or "".
            leader: the trial of this run that it would have taken its outcomes from, or -1.
            pairs: its outcomes, and what was known of each.
        """
        wrong = [known for measured, known in pairs if not measured.agrees(known.outcome, self.tolerance)]
        shown = (wrong or [known for _, known in pairs])[:1]
        key, source = (shown[0].key, shown[0].source) if shown else (key, "")
        if wrong:
            self._distrusted.add(key)
        return Audited(-1, number, key, leader, not wrong, len(pairs), source)

    def end(self, keys: Iterable[str]) -> None:
        """Say that an audit of some keys is over."""
        for key in keys:
            done = self._under_way.pop(key, None)
            if done is not None and not done.done():
                done.set_result(None)
