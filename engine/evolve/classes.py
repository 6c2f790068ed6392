"""`ClassBook`: which programs behave the same, who was evaluated for them, and what a trial of a known class leads to.

Every class key leads to the first trial that had it, and every evaluated trial belongs to a class, which is named by
its first trial's coarsest key. What a hit leads to is the policy's business: the known outcomes are reused, averaged
with new ones or forgotten, or the proposal is turned away.

Reference: Gillard et al., "Unified functional hashing in automatic machine learning", arXiv:2302.05433, 2023. There,
"average" is the aggregating and "forget" the forgetful form of functional equivalence caching; "remutate" is the
functional change mutation, and "tabu" the tabu list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from evolve import views
from evolve.state import RunState
from evolve.streams import stream
from evolve.tables import ClassKeysTable
from evolve.trial import Trial

__all__ = ["KNOWN", "ClassBook", "Standing", "Use"]

KNOWN = "known class"
"""Why "tabu" and "remutate" refuse a trial."""


class Use(StrEnum):
    """What becomes of a trial, once its class is known."""

    FIRST = "first"
    REUSE = "reuse"
    AGAIN = "again"
    RENEW = "renew"
    AUDIT = "audit"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a trial stands among the classes.

    Args:
        use: FIRST of its class; or REUSE what is known; or be evaluated AGAIN, to be averaged; or RENEW the class; or
            be evaluated for an AUDIT; or REFUSE.
        name: of the class.
        keys: those that lead to the trial from now on; of a reused one, to the trial that it takes over.
        hit: the key by which the class was known; "" when it was not.
        members: numbers of the evaluated trials that the class's outcomes are taken from, without this one.
    """

    use: Use
    name: str
    keys: tuple[str, ...]
    hit: str = ""
    members: tuple[int, ...] = ()

    @property
    def fresh(self) -> bool:
        """True when nothing but a new evaluation serves."""
        return self.use in (Use.AGAIN, Use.RENEW, Use.AUDIT)


@dataclass(frozen=True, slots=True)
class _Leader:
    number: int
    name: str


@dataclass
class ClassBook:
    """Says of each trial, in the order of numbers where the run is ordered, what becomes of it.

    Args:
        state: of the run.
        settings: the policy and its numbers.
        seed: of the run.
        ordered: answers must not depend on the timing.
    """

    state: RunState
    settings: ClassKeysTable
    seed: int
    ordered: bool
    _leaders: dict[str, _Leader] = field(default_factory=dict, init=False, repr=False)
    _open: dict[int, asyncio.Future[Trial]] = field(default_factory=dict, init=False, repr=False)
    _audits: dict[str, asyncio.Future[None]] = field(default_factory=dict, init=False, repr=False)
    _distrusted: set[str] = field(default_factory=set, init=False, repr=False)
    _members: dict[str, list[int]] = field(default_factory=dict, init=False, repr=False)
    _refused: int = field(default=0, init=False, repr=False)
    _read: bool = field(default=False, init=False, repr=False)

    def known(self, keys: Sequence[str]) -> bool:
        """Tell whether one of some keys is known, so that no coarser one need be asked for."""
        return self._find(keys) is not None

    async def place(self, trial: Trial, keys: Sequence[str], judged: bool = True) -> Standing:
        """Return what becomes of a trial, and take note of it.

        Args:
            trial: as it was proposed.
            keys: its class keys, the finest first, at least one.
            judged: False when the strategy wants it entered without an evaluation.
        """
        self._read_record()
        trusted, found = self._look_up(trial, keys)
        while self.ordered and found is not None and trusted[found] in self._audits:
            await asyncio.wait([self._audits[trusted[found]]])
            trusted, found = self._look_up(trial, keys)
        if found is None:
            self._refused = 0
            return self._first(trial.number, trusted)
        leader = self._leader(trusted[found])
        members = tuple(self._members.get(leader.name, (leader.number,)))
        use = self._use(trial, leader.name, len(members), judged)
        self._refused = self._refused + 1 if use is Use.REFUSE else 0
        finer, hit = trusted[:found], trusted[found]
        if use is Use.REFUSE:
            return Standing(use, leader.name, (), hit)
        if use is Use.REUSE:
            return Standing(use, leader.name, trusted[: found + 1], hit, members)
        self._lead(_Leader(trial.number, leader.name), finer)
        if use is Use.AUDIT:
            self._audits.update(dict.fromkeys((*finer, hit), asyncio.get_running_loop().create_future()))
        elif use is Use.AGAIN:
            self._members[leader.name] = [*members, trial.number]
        else:
            self._members[leader.name] = [trial.number]
        return Standing(use, leader.name, finer, hit, members)

    async def trial(self, number: int) -> Trial:
        """Return a member of a class with its outcomes, when it has them."""
        waiting = self._open.get(number)
        return self.state.trial(number) if waiting is None else await asyncio.shield(waiting)

    def finish(self, trial: Trial) -> None:
        """Hand an evaluated trial to those that wait for it."""
        self._open[trial.number].set_result(trial)

    def audited(self, trial: Trial, standing: Standing, agrees: bool) -> str:
        """Note how an audit went, and return the name of the trial's class.

        A key that has led to a wrong outcome leads nowhere any more, and neither does a coarser one from there on:
        programs with that key are judged one by one.
        """
        name = standing.name
        if not agrees:
            self._distrusted.add(standing.hit)
            name = standing.keys[-1] if standing.keys else _own(trial)
            self._leaders.update(dict.fromkeys(standing.keys, _Leader(trial.number, name)))
        for key in (*standing.keys, standing.hit):
            done = self._audits.pop(key, None)
            if done is not None and not done.done():
                done.set_result(None)
        return name

    def abandon(self, number: int) -> None:
        """Let nobody wait for ever for a trial that ended without outcomes."""
        if number in self._open:
            self._open[number].cancel()

    def settle(self, number: int, keys: Sequence[str]) -> None:
        """Forget that a trial is being judged: the record knows it from now on."""
        self._open.pop(number, None)
        for key in keys:
            if key in self._leaders and self._leaders[key].number == number:
                del self._leaders[key]

    # --- looking up ---------------------------------------------------------------------------------------------

    def _find(self, keys: Sequence[str]) -> int | None:
        """Return the place of the first known key."""
        for place, key in enumerate(keys):
            if key in self._leaders or self.state.ledger.class_of((key,)) is not None:
                return place
        return None

    def _look_up(self, trial: Trial, keys: Sequence[str]) -> tuple[tuple[str, ...], int | None]:
        """Return the keys that can be trusted, those before the first one that cannot, and the place of a known one."""
        doubtful = next((place for place, key in enumerate(keys) if key in self._distrusted), len(keys))
        trusted = tuple(keys[:doubtful]) or (_own(trial),)
        return trusted, self._find(trusted)

    def _leader(self, key: str) -> _Leader:
        if key in self._leaders:
            return self._leaders[key]
        number = self.state.ledger.class_of((key,))
        assert number is not None
        return _Leader(number, self.state.trial(number).class_key)

    def _first(self, number: int, keys: tuple[str, ...]) -> Standing:
        self._lead(_Leader(number, keys[-1]), keys)
        if self._counts:
            self._members[keys[-1]] = [number]
        return Standing(Use.FIRST, keys[-1], keys)

    def _lead(self, leader: _Leader, keys: Sequence[str]) -> None:
        self._leaders.update(dict.fromkeys(keys, leader))
        self._open[leader.number] = asyncio.get_running_loop().create_future()

    def _use(self, trial: Trial, name: str, evaluations: int, judged: bool) -> Use:
        said = self.settings
        unwanted = said.policy == "tabu"
        if said.policy == "remutate":
            unwanted = name in {self.state.trial(number).class_key for number in trial.parents}
        if unwanted and self._refused < said.tries:
            return Use.REFUSE
        if not judged:
            return Use.REUSE
        if said.policy == "average" and evaluations < said.average_up_to:
            return Use.AGAIN
        if said.policy == "forget" and self._drawn(trial, "forget", said.forget):
            return Use.RENEW
        return Use.AUDIT if self._drawn(trial, "audit", said.audit) else Use.REUSE

    def _drawn(self, trial: Trial, who: str, share: float) -> bool:
        return share > 0 and bool(stream(self.seed, trial.number, who).random() < share)

    @property
    def _counts(self) -> bool:
        return self.settings.policy in ("average", "forget")

    def _read_record(self) -> None:
        """Learn once what the record says of classes beyond their keys."""
        if self._read:
            return
        self._read = True
        ledger = self.state.ledger
        self._distrusted.update(views.distrusted(ledger))
        if self._counts:
            for number, name in views.evaluated(ledger):
                if self.settings.policy == "average":
                    self._members.setdefault(name, []).append(number)
                else:
                    self._members[name] = [number]
        if self.settings.policy in ("tabu", "remutate"):
            self._refused = views.refused_in_a_row(ledger, KNOWN)


def _own(trial: Trial) -> str:
    return f"n:{trial.number}"
