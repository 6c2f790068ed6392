"""Trials, problems, views and contexts made by hand, so that a plugin can be tested without a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import Generator

from evolve.evaluation import Limits, Outcome
from evolve.instance import Instance
from evolve.interfaces import Action, ProblemFacts
from evolve.messages import Answer, Capabilities, Choice, Fault, ModelError, Request
from evolve.primitives import PrimitiveSet
from evolve.program import Program
from evolve.trial import Scored, Trial, TrialStatus

__all__ = ["MemoryContext", "MemoryView", "make_facts", "make_trial"]


def make_trial(
    number: int = 0,
    fitness: float | None = 1.0,
    *,
    text: str | None = None,
    parents: tuple[int, ...] = (),
    operator: str = "seed",
    class_key: str | None = None,
    measures: Mapping[str, float] | None = None,
    notes: Mapping[str, Any] | None = None,
) -> Trial:
    """Return a finished trial.

    Args:
        number: its number.
        fitness: also its score; None makes it invalid.
        text: its program, by default one that no other number has.
        parents: trial numbers, the primary parent first.
        operator: what made it.
        class_key: its behaviour class, by default one of its own.
        measures: behaviour descriptors.
        notes: tags and what its author noted.
    """
    program = Program({"program.py": text if text is not None else f"def solve():\n    return {number}\n"})
    outcome = Outcome.invalid("made invalid") if fitness is None else Outcome.ok(fitness, measures=measures)
    return Trial(
        number,
        program,
        parents,
        operator,
        notes=dict(notes or {}),
        class_key=f"class {number}" if class_key is None else class_key,
        status=TrialStatus.FAILED if fitness is None else TrialStatus.OK,
        outcomes=(Scored("only", "full", outcome),),
        score=fitness,
        fitness=fitness,
    )


def make_facts(
    *,
    entry: str = "solve",
    primitives: PrimitiveSet | None = None,
    instances: Sequence[Instance] = (Instance("only"),),
    evolvable: tuple[str, ...] = ("*",),
) -> ProblemFacts:
    """Return what an operator may know about a small made-up problem."""
    by_id = {instance.id: instance for instance in instances}
    return ProblemFacts("made_up", "Return a number.", "maximise", entry, by_id, primitives, Limits(), evolvable)


@dataclass
class MemoryContext:
    """A mutator's context (`evolve.Context`) with everything in memory.

    Args:
        trials: by number; the fittest is the best.
        problem: what is known about the problem.
        rng: the random stream.
        purpose: "improve" or "restart".
        operator: the operator asked for by name, or "".
        inspirations: further trials worth a look.
        solutions: what programs answered: plain data by instance id, by trial number.
        reply: what a model says to a request, or a `ModelError` to raise; None when there is no model.
        capabilities: of that model, whose name is "made:up".
    """

    trials: Mapping[int, Trial] = field(default_factory=dict)
    problem: ProblemFacts = field(default_factory=make_facts)
    rng: Generator = field(default_factory=lambda: np.random.default_rng(1))
    purpose: str = "improve"
    operator: str = ""
    inspirations: Sequence[Trial] = ()
    solutions: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    reply: Callable[[Request], str | Answer | ModelError] | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)
    asked: list[Request] = field(default_factory=list, init=False)

    @property
    def models(self) -> Mapping[str, Capabilities]:
        """The made-up model, where there is one."""
        return {} if self.reply is None else {"made:up": self.capabilities}

    async def ask(self, request: Request, model: str = "") -> Answer:
        """Note the request and answer it."""
        self.asked.append(request)
        said = self.reply(request) if self.reply is not None else ModelError(Fault.STOPPED, "there is no model")
        if isinstance(said, ModelError):
            raise said
        return said if isinstance(said, Answer) else Answer((Choice(said),), 10, 10, model=model or "made:up")

    @property
    def best(self) -> Trial | None:
        """The fittest trial."""
        return _fittest(self.trials)

    def solution(self, number: int) -> Mapping[str, Any]:
        """Return what a trial's program answered."""
        return self.solutions.get(number, {})

    def trial(self, number: int) -> Trial:
        """Return a trial by its number."""
        return self.trials[number]


@dataclass
class MemoryView:
    """A strategy's view (`evolve.interfaces.View`) with everything in memory.

    Args:
        record: trials by number.
        in_flight: actions under way, by step.
        remaining: what is left of each budget.
        instances: active instances by id.
        stages: names of the stages, cheapest first.
    """

    record: dict[int, Trial] = field(default_factory=dict)
    in_flight: Mapping[int, Action] = field(default_factory=dict)
    remaining: Mapping[str, float] = field(default_factory=dict)
    instances: Mapping[str, Instance] = field(default_factory=lambda: {"only": Instance("only")})
    stages: tuple[str, ...] = ("full",)

    @property
    def trials(self) -> int:
        """How many trials there are."""
        return len(self.record)

    @property
    def best(self) -> Trial | None:
        """The fittest trial."""
        return _fittest(self.record)

    def trial(self, number: int) -> Trial:
        """Return a trial by its number."""
        return self.record[number]

    def outcomes(self, number: int) -> Sequence[Scored]:
        """Return all outcomes of a trial."""
        return self.record[number].outcomes

    def children(self, number: int) -> Sequence[int]:
        """Return the trials whose primary parent it is."""
        return tuple(trial.number for trial in self.record.values() if trial.parents[:1] == (number,))

    def ancestors(self, number: int) -> Iterator[int]:
        """Walk from its primary parent up to the root."""
        parents = self.record[number].parents
        while parents:
            yield parents[0]
            parents = self.record[parents[0]].parents


def _fittest(trials: Mapping[int, Trial]) -> Trial | None:
    valid = [trial for trial in trials.values() if trial.fitness is not None]
    return max(valid, key=lambda trial: (trial.fitness or 0.0, -trial.number), default=None)
