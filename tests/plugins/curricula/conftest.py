"""Trials with chosen scores on chosen instances, and a tiny problem of ten instances."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evolve import Outcome, Trial
from evolve.evaluation import Status
from evolve.run import Run
from evolve.summary import Summary
from evolve.testing import make_trial
from evolve.trial import Scored

PROBLEM = {
    "problem.toml": """
[problem]
title = "ten shifts"
statement = "Return a number close to three."
[program]
entry = "answer(shift: float) -> float"
[mutator]
use = "worse"
[strategy]
use = "steady_state"
archive = {use = "top_k"}
[class_keys]
levels = ["text"]
[budget]
trials = 12
""",
    "seed.py": "def answer(shift):\n    return 3.0\n",
    "evaluate.py": """
from evolve import Instance, Outcome


def instances():
    return [Instance(f"i{n}", {"shift": n / 10}) for n in range(10)]


def evaluate(candidate, instance):
    return Outcome.ok(-abs(candidate.call("answer", instance.shift) - 3.0 - instance.shift))
""",
    "plugin.py": """
from dataclasses import dataclass, field

from evolve import Curriculum, Instance, Mutator, Proposal, Strategy, hookimpl
from evolve.interfaces import Evaluate, MakeInstance, Propose, Retire


@dataclass
class Worse(Mutator):
    async def propose(self, parents, context):
        text = f"def answer(shift):\\n    return {1.0 + context.rng.random()}\\n"
        return [Proposal(parents[0].program.child({"program.py": text}), "worse", (parents[0].number,))]


@dataclass
class Wrong(Curriculum):
    how: str = "nothing"
    seen: int = field(default=0, init=False)

    def sample(self, instances, rng):
        if self.seen < 3:
            return list(instances)
        return {
            "nothing": [], "none": None, "names": ["i1"], "foreign": [Instance("i99")], "twice": [*instances] * 2
        }[self.how]

    def observe(self, trial):
        self.seen += 1


@dataclass
class Revising(Curriculum):
    # asks for something that cannot be done, once it has seen three trials
    how: str = "nothing"
    seen: int = field(default=0, init=False)

    def sample(self, instances, rng):
        return list(instances)

    def observe(self, trial):
        self.seen += 1

    def revise(self, instances, rng):
        if self.seen < 3:
            return ()
        if self.how == "raises":
            raise KeyError("shift")
        return {
            "none": None,
            "names": ["i1"],
            "proposal": [Propose((0,))],
            "again": [MakeInstance(Instance("i1"))],
            "nameless": [MakeInstance(Instance(""))],
            "array": [MakeInstance(Instance("new", {"shift": {1, 2}}))],
            "unknown": [Retire("i77")],
        }[self.how]


@dataclass
class Noting(Curriculum):
    # keeps what it is told
    told: list = field(default_factory=list, init=False)

    def sample(self, instances, rng):
        return list(instances)

    def observe(self, trial):
        self.told.append(("trial", trial.number))

    def update(self, trial, scored, instance):
        self.told.append((trial.number, instance.id, instance.shift, scored.stage, len(trial.outcomes)))


@dataclass
class Measuring(Strategy):
    # enters programs unjudged, and has each of them judged on two instances
    told: list = field(default_factory=list, init=False)

    def decide(self, view, free, rng):
        if view.in_flight:
            return []
        number = view.trials - 1
        if number and not view.outcomes(number):
            return [Evaluate(number, ("i3", "i4"))]
        return [Propose((0,), stages=())]

    def observe(self, event, rng):
        pass


@dataclass
class Drifting(Curriculum):
    # another choice whenever it has learnt something, and in another order
    seen: int = field(default=0, init=False)

    def sample(self, instances, rng):
        start = self.seen % len(instances)
        return [*instances[start:], *instances[:start]][:4]

    def observe(self, trial):
        self.seen += 1


@hookimpl
def evolve_mutators():
    return {"worse": Worse}


@hookimpl
def evolve_curricula():
    return {"wrong": Wrong, "revising": Revising, "noting": Noting, "drifting": Drifting}


@hookimpl
def evolve_strategies():
    return {"measuring": Measuring}
""",
}


@pytest.fixture
def judged() -> Callable[..., Trial]:
    """Return a function that makes a trial from its scores by instance; None is a failure, and comes last."""

    def make(number: int, scores: Mapping[str, float | None], sign: float = 1.0) -> Trial:
        failed = Outcome.failed(Status.TIMEOUT, "too slow")
        outcomes = tuple(Scored(n, "main", failed if s is None else Outcome.ok(s)) for n, s in scores.items())
        known = [s for s in scores.values() if s is not None]
        if len(known) < len(scores):
            return replace(make_trial(number, None), outcomes=outcomes)
        score = sum(known) / len(known)
        return replace(make_trial(number, score), outcomes=outcomes, fitness=sign * score)

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of the tiny problem."""
    made = tmp_path / "ten_shifts"
    made.mkdir()
    for name, text in PROBLEM.items():
        (made / name).write_text(text)
    return made


@pytest.fixture
def execute(folder: Path, tmp_path: Path) -> Callable[..., Summary]:
    """Return a function that runs the tiny problem to its end."""

    def run(*overrides: str, out: str = "run") -> Summary:
        return asyncio.run(Run.create(str(folder), overrides=overrides, out=tmp_path / out).execute())

    return run


@pytest.fixture
def rows() -> Callable[[Path, str], list[tuple[Any, ...]]]:
    """Return a function that asks a run folder's record a question."""

    def ask(folder: Path, query: str) -> list[tuple[Any, ...]]:
        database = sqlite3.connect(folder / "record.sqlite")
        try:
            return database.execute(query).fetchall()
        finally:
            database.close()

    return ask
