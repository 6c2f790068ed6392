"""`RunState`: what a run knows at one moment. It changes only when something is committed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.random import Generator

from evolve.budget import Meter
from evolve.evaluation import Verdict
from evolve.instance import Instance
from evolve.interfaces import Action, Models, ProblemFacts
from evolve.ledger import Ledger
from evolve.lineage import Lineage
from evolve.messages import Answer, Capabilities, Request
from evolve.ranking import Ranking
from evolve.trial import Scored, Trial, TrialStatus

__all__ = ["ProposalContext", "RunState"]

_CACHED = 1024


@dataclass
class RunState:
    """The state of a run, and the `View` that strategies get of it.

    Args:
        ledger: the record behind it.
        meter: what was used so far.
        stages: names of the problem's stages, cheapest first.
        instances: those that the search may use, by id.
        held_out: those for the finals only.
    """

    ledger: Ledger
    meter: Meter
    stages: tuple[str, ...]
    instances: dict[str, Instance] = field(default_factory=dict)
    held_out: dict[str, Instance] = field(default_factory=dict)
    retired: dict[str, Instance] = field(default_factory=dict)
    in_flight: dict[int, Action] = field(default_factory=dict)
    lineage: Lineage = field(default_factory=Lineage)
    best: Trial | None = None
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    next_step: int = 0
    trials: int = 0
    reused: int = 0
    refused: int = 0
    valid: int = 0
    ranking: Ranking = field(init=False, repr=False)
    _recent: OrderedDict[int, Trial] = field(default_factory=OrderedDict, init=False, repr=False)
    _measured: dict[int, Trial] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.ranking = Ranking(self.stages)

    # --- the view ----------------------------------------------------------------------------------------------

    @property
    def remaining(self) -> Mapping[str, float]:
        """What is left of each budget that has a limit."""
        return self.meter.remaining

    def trial(self, number: int) -> Trial:
        """Return a trial by its number, with the outcomes committed so far."""
        if number in self._measured:
            return self._measured[number]
        if number not in self._recent:
            self._remember(self.ledger.trial(number))
        else:
            self._recent.move_to_end(number)
        return self._recent[number]

    def outcomes(self, number: int) -> Sequence[Scored]:
        """Return all outcomes of a trial."""
        return self.trial(number).outcomes

    def children(self, number: int) -> Sequence[int]:
        """Return the trials whose primary parent it is."""
        return tuple(self.lineage.children(number))

    def ancestors(self, number: int) -> Iterator[int]:
        """Walk from its primary parent up to the root."""
        return iter(self.lineage.ancestors(number))

    def solutions(self, number: int) -> Mapping[str, Any]:
        """Return what a trial's program answered, by instance id; empty when it gave no valid answer."""
        return self.ledger.solutions(self.trial(number).leader)

    def instance(self, name: str) -> Instance:
        """Return an instance by its id, also one that is held out, or retired: old outcomes still speak of it."""
        return self.instances.get(name) or self.held_out.get(name) or self.retired[name]

    # --- changes, called at commit only -------------------------------------------------------------------------

    def enter(self, number: int, parents: Sequence[int]) -> None:
        """Take in a proposed trial."""
        self.lineage.add(number, parents)
        self.trials = max(self.trials, number + 1)

    def commit(self, trial: Trial) -> bool:
        """Take in a finished trial; return whether it is the new best."""
        self._remember(trial)
        self.reused += trial.status is TrialStatus.REUSED
        self.valid += trial.valid
        return self._rank(trial)

    def measure(self, trial: Trial) -> bool:
        """Take in a trial with a further outcome; return whether it is the new best."""
        self._measured[trial.number] = trial
        self.verdicts.pop(trial.number, None)  # it was about fewer outcomes
        return self._rank(trial)

    def settle_on(self, number: int) -> None:
        """Take a trial for the best, if it is valid, since the strategy chose it."""
        chosen = self.trial(number)
        if chosen.valid:
            self.best = chosen

    def _rank(self, trial: Trial) -> bool:
        """Take in how good a trial is, which further outcomes may have lowered; return whether there is a new best."""
        before = self.best
        least = None if before is None else self.ranking.of(before.number)
        self.ranking.take_in(trial)
        mine = self.ranking.of(trial.number)
        if mine is not None and (least is None or mine > least):
            self.best = trial
        elif before is not None and trial.number == before.number:
            top = self.ranking.first()
            self.best = None if top is None else trial if top == trial.number else self.trial(top)
        return self.best is not None and (before is None or self.best.number != before.number)

    def certify(self, number: int, verdict: Verdict) -> None:
        """Note what the exact check says of a trial."""
        self.verdicts[number] = verdict

    def certified(self, trial: Trial) -> Trial:
        """Return the trial with its certified value, if it has one."""
        verdict = self.verdicts.get(trial.number)
        return replace(trial, certified=verdict.value) if verdict is not None else trial

    def _remember(self, trial: Trial) -> None:
        self._recent[trial.number] = trial
        self._recent.move_to_end(trial.number)
        while len(self._recent) > _CACHED:
            self._recent.popitem(last=False)


@dataclass(frozen=True, slots=True)
class ProposalContext:
    """What a mutator may use while it makes one proposal (`evolve.Context`)."""

    problem: ProblemFacts
    rng: Generator
    purpose: str
    operator: str
    inspirations: Sequence[Trial]
    state: RunState
    desk: Models

    @property
    def models(self) -> Mapping[str, Capabilities]:
        """What each model can do, by name."""
        return self.desk.models

    async def ask(self, request: Request, model: str = "") -> Answer:
        """Ask a model."""
        return await self.desk.ask(request, model)

    @property
    def best(self) -> Trial | None:
        """The best trial so far."""
        return self.state.best

    def solution(self, number: int) -> Mapping[str, Any]:
        """Return what a trial's program answered, by instance id."""
        return self.state.solutions(number)

    def trial(self, number: int) -> Trial:
        """Return a trial by its number."""
        return self.state.trial(number)
