"""`Portfolio`: several strategies share one budget; those that gain more for what they cost get more of it.

1. A member sees the seed programs and what came of its own actions, as if it were alone. Instances that it makes are
   its own, too, under names that end in "@" and its number; those of the problem are everybody's, and a member that
   retires one of them does so for itself only. All of them count for a trial that climbs a stage which names them.
2. Each free slot goes to a member drawn evenly with probability `explore`, and else to the one of the largest drawn
   worth: gain per CPU second, by rank among recent trials (`evolve.credit`).
3. A member whose last `patience` trials brought it no better best has stalled: a fresh copy of it takes its place and
   is given the best trial of the whole run to start from.

Reference: Gagliolo and Schmidhuber, "Learning dynamic algorithm portfolios", Annals of Mathematics and Artificial
Intelligence 47, 2006.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Annotated, Any

from numpy.random import Generator
from pydantic import Field

from evolve import Instance, Strategy, Trial
from evolve.credit import Credit
from evolve.events import Committed, Event, InstanceAdded, InstanceRetired, Measured, Refused
from evolve.interfaces import Action, Evaluate, MakeInstance, Propose, Retire, View

__all__ = ["Portfolio"]

_TAG = "member"
_NOBODY = "-"
_WINDOW = 100


@dataclass
class _Member:
    """A strategy, and how long it has gained nothing."""

    strategy: Strategy
    best: float | None = None
    idle: int = 0


@dataclass(frozen=True)
class _Share:
    """The view of one member: only its own actions are in flight, and others' instances are not there."""

    whole: View
    mine: str
    retired: frozenset[str] = frozenset()

    @property
    def in_flight(self) -> Mapping[int, Action]:
        return {step: action for step, action in self.whole.in_flight.items() if self._owner(action) == self.mine}

    @property
    def instances(self) -> Mapping[str, Instance]:
        known = self.whole.instances.items()
        return {n: i for n, i in known if _maker(n) in ("", self.mine) and n not in self.retired}

    def _owner(self, action: Action) -> str:
        if isinstance(action, Propose):
            return str(action.tags.get(_TAG, ""))
        return str(self.whole.trial(action.trial).notes.get(_TAG, "")) if isinstance(action, Evaluate) else ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)


@dataclass
class Portfolio(Strategy):
    """Runs several strategies on one budget (see the module for the algorithm).

    Args:
        strategies: the members, at least one.
        explore: share of the slots that is spread evenly.
        patience: trials of a member without a better best, before a fresh copy takes its place; 0 is never.
        memory: after how many trials an experience counts half.
        overhead_s: CPU seconds that a trial costs besides its evaluation.
    """

    strategies: tuple[Strategy, ...]
    explore: Annotated[float, Field(ge=0, le=1)] = 0.2
    patience: Annotated[int, Field(ge=0)] = 200
    memory: Annotated[float, Field(gt=0)] = 200.0
    overhead_s: Annotated[float, Field(gt=0)] = 0.03
    _members: list[_Member] = field(default_factory=list, init=False, repr=False)
    _seeds: list[Committed] = field(default_factory=list, init=False, repr=False)
    _best: Committed | None = field(default=None, init=False, repr=False)
    _credit: Credit = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.strategies:
            raise ValueError("name at least one strategy")
        self._members = [_Member(copy.deepcopy(strategy)) for strategy in self.strategies]
        self._credit = Credit(self.memory, _WINDOW, self.overhead_s)

    def decide(self, view: View, free: int, rng: Generator) -> Sequence[Action]:
        """Share the free slots among the members; one that wants nothing leaves its slots to the next."""
        wanted = [0] * len(self._members)
        for _ in range(free):
            wanted[self._pick(rng)] += 1
        actions: list[Action] = []
        left = 0
        for index in sorted(range(len(wanted)), key=lambda i: -wanted[i]):
            room = wanted[index] + left
            asked = list(self._asked(index, view, room, rng)) if room else []
            actions += asked
            left = room - len(asked)
        return actions

    def observe(self, event: Event, rng: Generator) -> None:
        """Hand an event to whom it concerns, and replace a member that has stalled."""
        trial = event.trial if isinstance(event, Committed | Measured) else None
        owner = _owner(event)
        for index, member in enumerate(self._members):
            if owner in ("", str(index)):
                member.strategy.observe(event, rng)
        if isinstance(event, Committed) and trial is not None:
            self._note(event, trial, owner)
        if trial is not None and owner:
            self._count(int(owner), trial, rng)

    def kept(self) -> Iterable[Trial]:
        """Yield in turn what each member keeps."""
        lines = zip_longest(*(member.strategy.kept() for member in self._members))
        return (trial for line in lines for trial in line if trial is not None)

    def _pick(self, rng: Generator) -> int:
        if rng.random() < self.explore:
            return int(rng.integers(len(self._members)))
        worth = [self._credit.worth(index, "improve", rng) for index in range(len(self._members))]
        return max(range(len(worth)), key=worth.__getitem__)

    def _asked(self, index: int, view: View, room: int, rng: Generator) -> Iterator[Action]:
        """Yield what a member wants; that it has nothing left to do does not end the run."""
        mine, retired = str(index), frozenset[str]()
        while True:
            share: Any = _Share(view, mine, retired)
            wanted = list(self._members[index].strategy.decide(share, room, rng))[:room]
            shared = {a.instance for a in wanted if isinstance(a, Retire) and not _maker(a.instance)} - retired
            if not shared:
                break
            retired |= shared
        for action in wanted:
            match action:
                case Propose(tags=tags):
                    yield replace(action, tags={**tags, _TAG: mine})
                case MakeInstance(instance):
                    yield MakeInstance(replace(instance, id=f"{instance.id}@{mine}"))
                case Retire(name) if _maker(name) == mine:
                    yield action
                case Evaluate():
                    yield action

    def _note(self, event: Committed, trial: Trial, owner: str) -> None:
        """Keep the seeds and the best trial, and the account of who made what."""
        if not owner:
            self._seeds.append(event)
        self._credit.learn(int(owner) if owner else None, "improve", trial, (), trial.cpu_s)
        best = self._best.trial.fitness if self._best is not None and self._best.trial is not None else None
        if trial.fitness is not None and (best is None or trial.fitness > best):
            self._best = event

    def _count(self, index: int, trial: Trial, rng: Generator) -> None:
        member = self._members[index]
        if trial.fitness is not None and (member.best is None or trial.fitness > member.best):
            member.best, member.idle = trial.fitness, 0
            return
        member.idle += 1
        if self.patience and member.idle >= self.patience and self._best is not None:
            fresh = self._members[index] = _Member(copy.deepcopy(self.strategies[index]))
            inherited = [] if any(event is self._best for event in self._seeds) else [self._best]
            for event in (*self._seeds, *inherited):
                fresh.strategy.observe(event, rng)
            fresh.best = self._best.trial.fitness if self._best.trial is not None else None


def _owner(event: Event) -> str:
    """Return the number of the member whose action led to an event, or "" when it is everybody's."""
    match event:
        case Committed(trial=Trial(notes=notes)) | Measured(trial=Trial(notes=notes)):
            return str(notes.get(_TAG, ""))
        case Refused(notes=notes):
            return str(notes.get(_TAG, _NOBODY))
        case InstanceAdded(instance=Instance(id=name)) | InstanceRetired(instance_id=name):
            return _maker(name)
    return ""


def _maker(instance: str) -> str:
    """Return the number of the member that made an instance, or "" when none did."""
    end = instance.rpartition("@")[2]
    return end if "@" in instance and end.isdigit() else ""
