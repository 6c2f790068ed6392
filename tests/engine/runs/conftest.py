"""A tiny problem, written to disk as its author would, and run through the real engine."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from evolve.events import Event
from evolve.run import Run
from evolve.summary import Summary

TOML = """
[problem]
title = "near three"
statement = "Return a number close to 3."
[program]
entry = "answer(shift: float) -> float"
[limits]
wall_s = 5.0
[mutator]
use = "jiggle"
[archive]
use = "top_k"
k = 5
[budget]
trials = 40
"""

SEED = """
def answer(shift):
    return 1.0 + 0.5 + shift
"""

EVALUATE = """
from evolve import Instance, Outcome, Verdict


def instances():
    return [Instance("left", {"shift": 0.0}), Instance("right", {"shift": 0.25})]


def evaluate(candidate, instance):
    x = candidate.call("answer", instance.shift)
    if not isinstance(x, float) or not abs(x) < 1e6:
        return Outcome.invalid("not a number")
    return Outcome.ok(-abs(x - 3), solution=x, measures={"x": x})


def verify(solution, instance):
    return Verdict.ok(-abs(solution - 3), "recomputed")
"""

PLUGIN = """
from __future__ import annotations

import re
from dataclasses import dataclass, field

from evolve import Mutator, Proposal, Strategy, hookimpl
from evolve.events import Committed, Measured
from evolve.instance import Instance
from evolve.interfaces import Evaluate, Finish, MakeInstance, Propose, Retire


@dataclass
class Jiggle(Mutator):
    sigma: float = 0.3

    async def propose(self, parents, context):
        if not parents:
            return [Proposal.refused("jiggle", "needs a parent")]
        def move(match):
            return f"{abs(float(match[0]) + context.rng.normal(0, self.sigma)):.2f}"
        text = re.sub(r"\\d+\\.\\d+", move, parents[0].program.text)
        return [Proposal(parents[0].program.child({"program.py": text}), "jiggle", (parents[0].number,))]


@dataclass
class Variants(Mutator):
    texts: tuple[str, ...] = ()

    async def propose(self, parents, context):
        parent = context.trial(0)
        text = self.texts[int(context.rng.integers(len(self.texts)))]
        return [Proposal(parent.program.child({"program.py": text}), "variant", (0,))]


@dataclass
class Never(Mutator):
    async def propose(self, parents, context):
        return [Proposal.refused("never", "nothing to change")]


@hookimpl
def evolve_mutators():
    return {"jiggle": Jiggle, "variants": Variants, "never": Never}


@dataclass
class Scripted(Strategy):
    # one child that is entered unjudged, then judged on an instance that this strategy makes, then the end
    log: list = field(default_factory=list, init=False)

    def decide(self, view, free, rng):
        if view.in_flight:
            return []
        steps = len(self.log)
        if steps == 0:
            return [MakeInstance(Instance("made", {"shift": -9.0})), Retire("left"), Propose((0,), stages=())]
        if steps == 1:
            return [Evaluate(1, ("made", "right"))]
        return [Finish("seen enough")]

    def observe(self, event, rng):
        if isinstance(event, Committed) and event.trial.number > 0:
            self.log.append("committed")
        if isinstance(event, Measured):
            self.log.append(event.scored.instance)


@dataclass
class Probing(Strategy):
    # instances first, in a decision of their own; then one child, judged by two actions at once, three times the same
    seen: list = field(default_factory=list, init=False)

    def decide(self, view, free, rng):
        if "made" not in view.instances:
            return [MakeInstance(Instance("made", {"shift": 1.0}))]
        if view.in_flight:
            return []
        if view.trials == 1:
            return [Propose((0,), stages=())]
        if len(self.seen) < 3:
            return [Evaluate(1, ("made",)), Evaluate(1, ("right", "made")), Evaluate(1, ("left",))][:free]
        return [Finish("seen enough")]

    def observe(self, event, rng):
        if isinstance(event, Measured):
            self.seen.append(event.scored.instance)


@hookimpl
def evolve_strategies():
    return {"scripted": Scripted, "probing": Probing}
"""


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    """Return the folder of the tiny problem; a test may rewrite its files."""
    folder = tmp_path / "near_three"
    folder.mkdir()
    for name, text in (
        ("problem.toml", TOML),
        ("seed.py", SEED),
        ("evaluate.py", EVALUATE),
        ("plugin.py", PLUGIN),
    ):
        (folder / name).write_text(text)
    return folder


Execute = Callable[..., Summary]


@pytest.fixture
def execute(problem: Path, tmp_path: Path) -> Execute:
    """Return a function that runs the tiny problem to its end."""

    def run(*overrides: str, out: str = "run", observers: Sequence[Callable[[Event], None]] = ()) -> Summary:
        made = Run.create(str(problem), overrides=overrides, out=tmp_path / out)
        return asyncio.run(made.execute(observers))

    return run


def _rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(folder / "record.sqlite")
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()


@pytest.fixture
def rows() -> Callable[[Path, str], list[tuple[Any, ...]]]:
    """Return a function that asks a run folder's record a question."""
    return _rows


@pytest.fixture
def logical() -> Callable[[Path], Mapping[str, list[Any]]]:
    """Return a function that reads a record without its times and costs."""

    def read(folder: Path) -> Mapping[str, list[Any]]:
        def events() -> Iterator[tuple[Any, ...]]:
            for kind, step, trial, closes, body in _rows(
                folder, "SELECT kind, step, trial, closes, body FROM events WHERE kind != 'verified' ORDER BY seq"
            ):
                plain = json.loads(body)
                if kind == "started":
                    plain["config"]["run"].pop("workers")
                yield kind, step, trial, closes, plain

        return {
            "events": list(events()),
            "trials": _rows(folder, "SELECT * FROM trials ORDER BY number"),
            "classes": _rows(folder, "SELECT * FROM classes ORDER BY key"),
            "checks": _rows(folder, "SELECT trial, body FROM events WHERE kind = 'verified' ORDER BY trial"),
            "outcomes": _rows(
                folder,
                "SELECT trial, place, instance, stage, status, score, metrics, measures, feedback, fuel, solution "
                "FROM outcomes ORDER BY trial, place",
            ),
        }

    return read
