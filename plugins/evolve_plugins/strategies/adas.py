"""`ADAS`: write each program anew, with everything that was found so far in sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from numpy.random import Generator
from pydantic import Field

from evolve.events import Committed, Event
from evolve.interfaces import Action, Propose, Strategy, View
from evolve.trial import TrialStatus

__all__ = ["ADAS"]


@dataclass
class ADAS(Strategy):
    """Meta agent search: no parent is picked and nothing is forgotten; the author sees the whole archive, oldest first.

    The proposal asks for new structure (purpose "restart"), so it goes to operators that can write a program without a
    parent: with a model that is `llm_from_scratch`, which `llm` asks by itself. How much of the archive fits into a
    prompt, reflections on a draft and repairs of one that crashed are the operator's business. A duplicate of a known
    program is not kept: it would say nothing new.

    Args:
        at_once: programs under way at a time; with 1, as published, each author sees all earlier ones. 0 fills every
            free slot.

    Reference: Hu, Lu and Clune, "Automated design of agentic systems", ICLR 2025.
    """

    at_once: Annotated[int, Field(ge=0)] = 1
    _archive: list[int] = field(default_factory=list, init=False, repr=False)

    def decide(self, view: View, free: int, rng: Generator) -> Sequence[Action]:
        """Ask for programs, and show the whole archive."""
        if self.at_once:
            free = min(free, self.at_once - len(view.in_flight))
        return [Propose(inspirations=tuple(self._archive), purpose="restart") for _ in range(free)]

    def observe(self, event: Event, rng: Generator) -> None:
        """Keep every valid program."""
        trial = event.trial if isinstance(event, Committed) else None
        if trial is not None and trial.valid and trial.status is not TrialStatus.REUSED:
            self._archive.append(trial.number)
