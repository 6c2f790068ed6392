"""`SteadyState`: breed from an archive, one child at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from numpy.random import Generator

from evolve import Archive, Niche, Selector, Strategy, Trial
from evolve.events import Committed, Event
from evolve.interfaces import Action, Propose, View

__all__ = ["SteadyState"]

_DRAWS = 4
"""How often another niche is drawn when the first one already has work in flight."""


@dataclass
class SteadyState(Strategy):
    """Ask the archive for a niche, the selector for parents, and the mutator for a child; keep what comes back.

    Args:
        archive: keeps the trials.
        selector: picks parents among a niche's members.

    Reference: Whitley, "The GENITOR algorithm and selection pressure", ICGA 1989.
    """

    archive: Archive
    selector: Selector

    def decide(self, view: View, free: int, rng: Generator) -> Sequence[Action]:
        """Propose one child per free slot, spread over the niches that have the least in flight."""
        busy = Counter(
            str(action.tags.get("niche", "")) for action in view.in_flight.values() if isinstance(action, Propose)
        )
        actions: list[Action] = []
        for _ in range(free):
            niche = self._quietest(busy, rng)
            busy[niche.name] += 1
            tags = {"niche": niche.name} if niche.name else {}
            if not niche.members:
                actions.append(Propose(purpose=niche.purpose, tags=tags))
                continue
            picked = self.selector.select(niche.members, rng)
            actions.append(
                Propose(
                    parents=tuple(trial.number for trial in picked.parents),
                    inspirations=tuple(trial.number for trial in picked.inspirations),
                    purpose=niche.purpose,
                    tags=tags,
                )
            )
        return actions

    def observe(self, event: Event, rng: Generator) -> None:
        """Offer every finished trial to the archive, and tell the selector what became of it."""
        if isinstance(event, Committed) and event.trial is not None:
            self.selector.observe(event.trial, self.archive.add(event.trial, rng))

    def kept(self) -> Iterable[Trial]:
        """Yield the trials of the archive."""
        return self.archive

    def _quietest(self, busy: Counter[str], rng: Generator) -> Niche:
        best = self.archive.niche(rng)
        for _ in range(_DRAWS):
            if not best.name or not busy[best.name]:
                break
            other = self.archive.niche(rng)
            if busy[other.name] < busy[best.name]:
                best = other
        return best
