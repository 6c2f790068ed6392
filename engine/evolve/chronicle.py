"""`Chronicle`: what happens in a run is written down first, made safe, and only then shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from evolve.budget import Meter
from evolve.events import Event
from evolve.ledger import Ledger

__all__ = ["Chronicle"]


@dataclass
class Chronicle:
    """Adds facts to the record, and shows them to the observers when they can no longer be lost.

    Args:
        ledger: the record.
        meter: what was used goes with a fact when it has changed since the one before.
        emit: shows a fact to the observers.
    """

    ledger: Ledger
    meter: Meter
    emit: Callable[[Event], None]
    _unsaid: list[Event] = field(default_factory=list, init=False, repr=False)
    _used: Mapping[str, float] = field(default_factory=dict, init=False, repr=False)

    @property
    def unsaid(self) -> bool:
        """True when there are facts that were not shown yet."""
        return bool(self._unsaid)

    def record(
        self,
        event: Event,
        kind: str,
        step: int = -1,
        trial: int | None = None,
        *,
        closes: bool = False,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a fact down.

        Args:
            event: what the observers will see.
            kind: what happened, as the record names it.
            step: the action it belongs to.
            trial: number of the trial it is about.
            closes: True when its step is over.
            body: further plain data for the record.
        """
        self.meter.tick()
        used: dict[str, float] | None = None
        if self.meter.used != self._used:
            self._used = dict(self.meter.used)
            used = {name: round(value, 4) for name, value in self._used.items()}
        self.ledger.add_event(kind, step, trial, closes=closes, body=body, used=used)
        self._unsaid.append(event)

    def say(self, *, soon: bool = False) -> None:
        """Make what was written down safe, then show it.

        Args:
            soon: not at once, but together with what else comes within a moment (`evolve.ledger.TOGETHER_S`).
        """
        if self.ledger.flush(soon=soon):
            unsaid, self._unsaid = self._unsaid, []
            for event in unsaid:
                self.emit(event)
