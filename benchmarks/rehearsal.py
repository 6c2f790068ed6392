"""`Rehearsal`: drives a strategy through a made-up world as the engine would, without a process."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any, Protocol

import numpy as np
from numpy.random import Generator

from evolve.actions import Action, Evaluate, Finish, MakeInstance, Propose, Retire
from evolve.evaluation import Outcome
from evolve.events import Committed, Event, InstanceAdded, InstanceRetired, Measured, Refused
from evolve.instance import Instance
from evolve.interfaces import Strategy
from evolve.program import Program
from evolve.testing import MemoryView
from evolve.trial import Scored, Trial, TrialStatus

__all__ = ["Rehearsal", "Stage", "World"]


class World(Protocol):
    """What replaces operators, programs and the evaluator; traits are whatever a program has inherited."""

    def seed(self) -> Any:
        """Return the traits of the first program."""

    def child(self, parents: Sequence[Any], rng: Generator) -> Any | None:
        """Return the traits of a child, or None when it could not be made."""

    def judge(self, traits: Any, instance: Instance, rng: Generator) -> Outcome:
        """Say how a program does on an instance."""

    def key(self, traits: Any) -> Hashable | None:
        """Return the same for programs that behave the same, or None when no two do."""


@dataclass(frozen=True)
class Stage:
    """A rung of the ladder: its instances, and the mean score below which a program goes no further."""

    name: str
    instances: Sequence[str]
    bar: float = -math.inf


@dataclass
class Rehearsal:
    """Drives a strategy through a world.

    Args:
        strategy: decides.
        world: answers.
        instances: by id.
        ladder: judges what is proposed with `stages = None`.
        seed: of all random draws.
        slots: how many actions may be in flight; the oldest is committed first.
    """

    strategy: Strategy
    world: World
    instances: Sequence[Instance]
    ladder: Sequence[Stage]
    seed: int = 0
    slots: int = 1
    view: MemoryView = field(init=False)
    traits: dict[int, Any] = field(default_factory=dict, init=False)
    spent: int = field(default=0, init=False)
    asked: int = field(default=0, init=False)
    answer: int | None = field(default=None, init=False)
    finished: str = field(default="", init=False)
    events: list[Event] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._rng, self._luck = np.random.default_rng([self.seed, 1]), np.random.default_rng([self.seed, 2])
        self._in_flight: dict[int, Action] = {}
        by_id = {instance.id: instance for instance in self.instances}
        self.view = MemoryView(in_flight=self._in_flight, instances=by_id, stages=tuple(s.name for s in self.ladder))
        self._every = dict(by_id)
        self._known: dict[Hashable, int] = {}
        self._steps = itertools.count()

    def run(self, evaluations: int, *, patience: int = 20) -> Rehearsal:
        """Search until so many evaluations are spent (those of the seed are free) or the strategy finishes.

        Args:
            evaluations: the budget.
            patience: decisions per evaluation after which it is given up.
        """
        self._enter(Propose(operator="seed"), self.world.seed())
        self.spent = 0
        while not self.finished and self.asked < patience * evaluations:
            over = self.spent >= evaluations
            self.asked += 1
            for action in self.strategy.decide(self.view, self.slots - len(self._in_flight), self._rng):
                if not over or isinstance(action, Finish):
                    self._begin(action)
            if over and not self._in_flight:
                break
            if self._in_flight:
                self._carry_out(self._in_flight.pop(min(self._in_flight)))
        return self

    def _begin(self, action: Action) -> None:
        match action:
            case MakeInstance(instance):
                self._every[instance.id] = instance
                self.view.instances = {**self.view.instances, instance.id: instance}
                self._tell(InstanceAdded(0, instance))
            case Retire(name):
                self.view.instances = {n: i for n, i in self.view.instances.items() if n != name}
                self._tell(InstanceRetired(0, name))
            case Finish(reason, trial):
                self.finished, self.answer = reason, trial
            case _:
                self._in_flight[next(self._steps)] = action

    def _carry_out(self, action: Action) -> None:
        if isinstance(action, Propose):
            made = self.world.child([self.traits[number] for number in action.parents], self._luck)
            if made is None:
                self._tell(Refused(0, "world", "nothing to change", action.parents, dict(action.tags)))
            else:
                self._enter(action, made)
        elif isinstance(action, Evaluate):
            for name in action.instances:
                scored = self._judge(action.trial, name, action.stage)
                trial = self.view.record[action.trial]
                self.view.record[trial.number] = self._scored(trial, (*trial.outcomes, scored))
                self._tell(Measured(0, self.view.record[trial.number], scored))

    def _enter(self, action: Propose, traits: Any) -> None:
        number, key = len(self.view.record), self.world.key(traits)
        self.traits[number] = traits
        program = Program({"program.py": str(number)})
        trial = Trial(number, program, action.parents, action.operator or "world", notes=dict(action.tags))
        if key is not None and key in self._known:
            leader = self.view.record[self._known[key]]
            taken = tuple(replace(scored, reused_from=leader.number) for scored in leader.outcomes)
            found = leader.score, leader.fitness
            trial = replace(trial, status=TrialStatus.REUSED, outcomes=taken, score=found[0], fitness=found[1])
        elif action.stages is None:
            trial = self._climbed(trial)
        if key is not None:
            self._known.setdefault(key, number)
        self.view.record[number] = trial
        self._tell(Committed(0, trial))

    def _climbed(self, trial: Trial) -> Trial:
        outcomes: list[Scored] = []
        for stage in self.ladder:
            here = [self._judge(trial.number, name, stage.name) for name in stage.instances]
            outcomes += here
            if fmean(scored.outcome.score or 0.0 for scored in here) < stage.bar and trial.operator != "seed":
                return replace(trial, status=TrialStatus.FAILED, outcomes=tuple(outcomes))
        return self._scored(trial, tuple(outcomes))

    def _judge(self, number: int, name: str, stage: str) -> Scored:
        self.spent += 1
        return Scored(name, stage, self.world.judge(self.traits[number], self._every[name], self._luck))

    def _scored(self, trial: Trial, outcomes: tuple[Scored, ...]) -> Trial:
        score = fmean(scored.outcome.score or 0.0 for scored in outcomes if scored.stage == outcomes[-1].stage)
        return replace(trial, status=TrialStatus.OK, outcomes=outcomes, score=score, fitness=score)

    def _tell(self, event: Event) -> None:
        self.events.append(event)
        self.strategy.observe(event, self._rng)
