"""`ClassBook`: which programs behave the same, and who was evaluated for them.

Every class key leads to the first trial that had it, and every evaluated trial belongs to a class, which is named by
its first trial's coarsest key. What a trial of a known class leads to is for the policy to say (`evolve.reuse`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from evolve.audit import Auditor
from evolve.events import Audited
from evolve.reuse import ReusePolicy, Use
from evolve.state import RunState
from evolve.trial import Trial

__all__ = ["ClassBook", "Standing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a trial stands among the classes.

    Args:
        use: what becomes of it.
        name: of the class.
        keys: those that lead to the trial from now on; of a reused one, to the trial that it takes over.
        hit: the key by which the class was known, to this run or to another; "" when it was not.
        members: numbers of the evaluated trials that the class's outcomes are taken from, without this one.
    """

    use: Use
    name: str
    keys: tuple[str, ...]
    hit: str = ""
    members: tuple[int, ...] = ()


@dataclass
class ClassBook:
    """Says of each trial, in the order of numbers where the run is ordered, which class it is of.

    Args:
        state: of the run.
        policy: says what becomes of it then.
        auditor: says which keys can be trusted.
        ordered: answers must not depend on the timing.
    """

    state: RunState
    policy: ReusePolicy
    auditor: Auditor
    ordered: bool
    _leaders: dict[str, tuple[int, str]] = field(default_factory=dict, init=False, repr=False)
    _open: dict[int, asyncio.Future[Trial]] = field(default_factory=dict, init=False, repr=False)

    def known(self, keys: Sequence[str]) -> bool:
        """Tell whether one of some keys is known, so that no coarser one need be asked for."""
        return self._find(keys) is not None

    async def place(self, trial: Trial, keys: Sequence[str], *, judged: bool, shared: bool) -> Standing:
        """Return where a trial stands, and take note of it.

        Args:
            trial: as it was proposed.
            keys: its class keys, the finest first, at least one.
            judged: False when the strategy wants it entered without an evaluation.
            shared: outcomes of other runs may be taken over.
        """
        trusted, found = self._look_up(trial, keys)
        while self.ordered and found is not None and await self.auditor.wait(trusted[found]):
            trusted, found = self._look_up(trial, keys)
        if found is None:
            use = self.policy.first(trial, trusted[-1], judged, shared)
            return self._led(trial, Standing(use, trusted[-1], trusted))
        number, name = self._leader(trusted[found])
        use, members = self.policy.hit(trial, name, number, judged)
        own = {Use.REFUSE: (), Use.REUSE: trusted[: found + 1]}.get(use, trusted[:found])
        return self._led(trial, Standing(use, name, own, trusted[found], members))

    async def trial(self, number: int) -> Trial:
        """Return a member of a class with its outcomes, when it has them."""
        waiting = self._open.get(number)
        return self.state.trial(number) if waiting is None else await asyncio.shield(waiting)

    def finish(self, trial: Trial) -> None:
        """Hand an evaluated trial to those that wait for it."""
        self._open[trial.number].set_result(trial)

    def audited(self, trial: Trial, standing: Standing, audit: Audited) -> Standing:
        """Return where a trial stands after an audit. Those that differ from their class have their finer keys only."""
        stands = standing
        if not audit.agrees:
            finer = standing.keys[: (*standing.keys, audit.key).index(audit.key)]
            stands = replace(standing, name=finer[-1] if finer else _own(trial), keys=finer)
            self._forget(trial.number, standing.keys)
            self._leaders.update(dict.fromkeys(finer, (trial.number, stands.name)))
        self.auditor.end((*standing.keys, standing.hit))
        return stands

    def abandon(self, number: int) -> None:
        """Let nobody wait for ever for a trial that ended without outcomes."""
        if number in self._open:
            self._open[number].cancel()

    def settle(self, number: int, keys: Sequence[str]) -> None:
        """Forget that a trial is being judged: the record knows it from now on."""
        self._open.pop(number, None)
        self._forget(number, keys)

    def _find(self, keys: Sequence[str]) -> int | None:
        """Return the place of the first known key."""
        for place, key in enumerate(keys):
            if key in self._leaders or self.state.ledger.class_of((key,)) is not None:
                return place
        return None

    def _look_up(self, trial: Trial, keys: Sequence[str]) -> tuple[tuple[str, ...], int | None]:
        """Return the keys that can be trusted, and the place of the first known one."""
        trusted = self.auditor.trusted(keys) or (_own(trial),)
        return trusted, self._find(trusted)

    def _leader(self, key: str) -> tuple[int, str]:
        """Return the trial that a known key leads to, and the name of its class."""
        if key in self._leaders:
            return self._leaders[key]
        number = self.state.ledger.class_of((key,))
        assert number is not None
        return number, self.state.trial(number).class_key

    def _led(self, trial: Trial, standing: Standing) -> Standing:
        """Let a trial that will be evaluated lead its keys."""
        if standing.use not in (Use.REUSE, Use.REFUSE):
            self._leaders.update(dict.fromkeys(standing.keys, (trial.number, standing.name)))
            self._open[trial.number] = asyncio.get_running_loop().create_future()
            if standing.use in (Use.AUDIT, Use.CHECK):
                self.auditor.begin((*standing.keys, standing.hit))
        return standing

    def _forget(self, number: int, keys: Sequence[str]) -> None:
        for key in keys:
            if key in self._leaders and self._leaders[key][0] == number:
                del self._leaders[key]


def _own(trial: Trial) -> str:
    return f"n:{trial.number}"
