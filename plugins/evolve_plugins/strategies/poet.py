"""`POET`: instances and the programs that solve them evolve together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from numpy.random import Generator
from pydantic import Field

from evolve.events import Committed, Event, InstanceAdded, Measured
from evolve.instance import Instance
from evolve.interfaces import Action, Evaluate, MakeInstance, Propose, Retire, Strategy, View
from evolve.trial import Scored, Trial
from evolve_plugins.strategies.gauge import Gauge
from evolve_plugins.strategies.instance_space import InstanceSpace
from evolve_plugins.strategies.under_way import UnderWay

__all__ = ["POET"]


@dataclass
class POET(Strategy):
    """Paired open-ended trailblazer: each instance has a program, and programs are tried on each other's instances.

    A step judges a child of a pair's program on the pair's instance; the better one stays (in the paper: a step of ES).
    At a transfer all programs are tried on all instances, and the next child is one of another pair's program. At a
    reproduction, or once an instance is mastered, the most novel of `brood` mutants must be neither too easy nor too
    hard for its parent's program; then it joins with the best of all, unless that finds it too easy. Else the next one.

    Args:
        ranges: numeric parameters that mutate: lowest and highest value, and the largest change.
        criterion: the least and the greatest score on instances that are neither too hard nor too easy.
        mastered: score from which a pair's instance reproduces, in the problem's own direction.
        reproduce: steps of each pair between reproductions.
        transfer: steps of each pair between transfers.
        brood: mutants at a time.
        active: most pairs; the oldest leaves.
        neighbours: how many of the nearest instances novelty looks at, of those that are active or once joined.

    Reference: Wang et al., "Paired open-ended trailblazer (POET)", GECCO 2019.
    """

    ranges: Mapping[str, tuple[float, float, float]]
    criterion: tuple[float, float]
    mastered: float
    reproduce: Annotated[int, Field(gt=0)] = 200
    transfer: Annotated[int, Field(gt=0)] = 25
    brood: Annotated[int, Field(gt=0)] = 8
    active: Annotated[int, Field(gt=0)] = 25
    neighbours: Annotated[int, Field(gt=0)] = 5
    _gauge: Gauge = field(default_factory=lambda: Gauge(None), init=False, repr=False)
    _scores: dict[int, dict[str, float]] = field(default_factory=dict, init=False, repr=False)
    _pairs: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    _steps: Counter[str] = field(default_factory=Counter, init=False, repr=False)
    _age: float = field(default=0.0, init=False, repr=False)
    _children: dict[int, str] = field(default_factory=dict, init=False, repr=False)
    _travelling: set[int] = field(default_factory=set, init=False, repr=False)
    _wanted: int = field(default=0, init=False, repr=False)
    _mutant: Instance | None = field(default=None, init=False, repr=False)
    _jury: list[int] = field(default_factory=list, init=False, repr=False)
    _past: dict[str, Instance] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self._space = InstanceSpace(self.ranges)

    def decide(self, view: View, free: int, rng: Generator) -> Sequence[Action]:
        """Do what is due, and fill up with steps of the pairs that had the fewest."""
        if not self._pairs:
            return [Propose() for _ in range(free)]
        due = [*self._children.items(), *((n, i) for n in sorted(self._travelling) for i in self._pairs)]
        due += [(number, self._mutant.id) for number in self._jury if self._mutant is not None]
        judging = UnderWay.of(view.in_flight.values()).judging
        fresh = [(n, i) for n, i in due if i in view.instances and i not in self._scores.get(n, {})]
        actions = [*self._instances(view, rng), *(Evaluate(n, (i,)) for n, i in fresh if (n, i) not in judging)]
        making = [a.tags["pair"] for a in view.in_flight.values() if isinstance(a, Propose) and "pair" in a.tags]
        load = self._steps + Counter(self._children.values()) + Counter(making)
        while len(actions) < free:
            name = min(self._pairs, key=load.__getitem__)
            load[name] += 1
            others = sorted({*self._pairs.values()} - {self._pairs[name]})
            foreign = others and self._steps[name] % self.transfer == self.transfer - 1
            parents = (int(rng.choice(others)) if foreign else self._pairs[name],)
            actions.append(Propose(parents, tags={"pair": name}, stages=()))
        return actions[:free]

    def observe(self, event: Event, rng: Generator) -> None:
        """Take in scores and instances, and see what is due."""
        match event:
            case Committed(trial=Trial(number=number) as trial):
                if trial.notes.get("pair") in self._pairs:
                    self._children[number] = trial.notes["pair"]
                for scored in trial.outcomes:
                    if trial.operator == "seed":
                        self._pairs.setdefault(scored.instance, number)
                    self._learn(trial, scored)
            case Measured(trial=Trial() as trial, scored=Scored() as scored):
                self._learn(trial, scored)
            case InstanceAdded(instance=Instance(parents=(parent, *_)) as made) if parent in self._pairs:
                self._mutant, self._jury, self._wanted = made, [self._pairs[parent]], self._wanted - 1

    def _learn(self, trial: Trial, scored: Scored) -> None:
        number, name, value = trial.number, scored.instance, self._gauge.read(trial, (scored,))
        score = self._scores.setdefault(number, {})[name] = -math.inf if value is None else value
        if name in self._pairs and score > self._scores[self._pairs[name]].get(name, -math.inf):
            self._pairs[name] = number
        if self._children.get(number) == name:
            del self._children[number]
            self._step(name)
        while self._mutant is not None and all(self._mutant.id in self._scores[juror] for juror in self._jury):
            self._judge(self._mutant)

    def _step(self, name: str) -> None:
        self._steps[name] += 1
        age, self._age = self._age, self._age + 1.0 / len(self._pairs)
        if self._age // self.transfer > age // self.transfer:
            self._travelling = set(self._pairs.values())
        if self._age // self.reproduce > age // self.reproduce and self._mutant is None:
            self._wanted = self.brood

    def _judge(self, mutant: Instance) -> None:
        """Drop a mutant, have it tried by all, or let it join."""
        best = max(self._jury, key=lambda number: self._scores[number][mutant.id])
        programs, (low, high) = {*self._pairs.values()}, sorted(self.criterion)
        if not low <= self._gauge.sign * self._scores[best][mutant.id] <= high:
            self._mutant = None
        elif not programs <= {*self._jury}:
            self._jury = sorted(programs | {*self._jury})
        else:
            self._steps[mutant.id] = min(self._steps[name] for name in self._pairs)
            self._pairs[mutant.id], self._past[mutant.id] = best, mutant
            self._mutant, self._wanted = None, 0
            if len(self._pairs) > self.active:
                del self._pairs[next(iter(self._pairs))]

    def _instances(self, view: View, rng: Generator) -> list[Action]:
        known, used = view.instances, [*self._pairs, self._mutant.id if self._mutant is not None else ""]
        gone = [name for name in known if name not in used and (name in self._steps or known[name].parents)]
        able = [n for n, number in self._pairs.items() if self._scores[number][n] >= self._gauge.sign * self.mastered]
        parents = [known[name] for name in able if self.ranges.keys() & known[name].params.keys()]
        if self._wanted <= 0 or self._mutant is not None or not parents:
            return [Retire(name) for name in gone]
        name, drawn = f"mutant{view.trials}.{self._wanted}", rng.integers(len(parents), size=self._wanted)
        rest = {**self._past, **{name: known[name] for name in self._pairs}}.values()
        mutants = [self._space.mutant(parents[i], name, rng) for i in drawn]
        mutants.sort(key=lambda mutant: self._space.novelty(mutant, rest, self.neighbours))
        return [*map(Retire, gone), MakeInstance(mutants[-1])]
