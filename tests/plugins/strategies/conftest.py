"""The worlds of `benchmarks/strategies.py`, and a tiny benchmark problem that runs through the real engine."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from evolve.lineage import Lineage
from evolve.replay import Replay, replay
from evolve.run import Run
from evolve.summary import Summary

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"

EVALUATE = """
from evolve import Instance, Outcome

def instances():
    return [Instance(f"t{i:02}", {"level": i / COUNT}) for i in range(COUNT)]


def evaluate(candidate, instance):
    x = candidate.call("answer")
    if not isinstance(x, float):
        return Outcome.invalid("not a number")
    return Outcome.ok(SCORE, metrics={"complete": float(x > 2.9)})
"""

PLUGIN = """
from __future__ import annotations

import re
from dataclasses import dataclass

from evolve import Mutator, Proposal, hookimpl


@dataclass
class Jiggle(Mutator):
    # moves the number that the program returns by a random amount

    async def propose(self, parents, context):
        if context.rng.random() < 0.1:
            return [Proposal.refused("jiggle", "no edit came to mind", tuple(p.number for p in parents))]
        def move(match):
            return f"{float(match[0]) + context.rng.normal(0.1, 0.3):.2f}"
        text = re.sub(r"\\d+\\.\\d+", move, parents[0].program.text)
        return [Proposal(parents[0].program.child({"program.py": text}), "jiggle", (parents[0].number,))]


@dataclass
class InTurn(Mutator):
    # returns these numbers, one after the other
    numbers: tuple[float, ...] = ()

    async def propose(self, parents, context):
        text = f"def answer():\\n    return {self.numbers[parents[0].number]}\\n"
        return [Proposal(parents[0].program.child({"program.py": text}), "in_turn", (parents[0].number,))]


@hookimpl
def evolve_mutators():
    return {"jiggle": Jiggle, "in_turn": InTurn}
"""

TOML = """
[program]
entry = "answer() -> float"
[mutator]
use = "jiggle"
[run]
workers = 2
"""


@pytest.fixture(scope="session")
def worlds() -> Iterator[ModuleType]:
    """Return the module of the made-up worlds."""
    for name in ("rehearsal", "strategies"):
        spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    yield module
    for name in ("rehearsal", "strategies"):
        del sys.modules[name]


class Reads(array):  # type: ignore[type-arg]
    """Numbers that count how often one of them is read."""

    count = 0

    def __getitem__(self, place: int) -> int:  # type: ignore[override]
        Reads.count += 1
        return int(super().__getitem__(place))


@pytest.fixture
def steps() -> Callable[[Lineage, Callable[[], object]], int]:
    """Return a function that counts how often something looks up a parent."""

    def count(lineage: Lineage, work: Callable[[], object]) -> int:
        lineage._parent = Reads("i", lineage._parent)
        Reads.count = 0
        work()
        return Reads.count

    return count


Execute = Callable[..., tuple[Summary, Path]]


@pytest.fixture
def execute(tmp_path: Path) -> Execute:
    """Return a function that runs the tiny problem to its end; `score` is an expression in x and `instance.level`."""

    def run(*overrides: str, count: int = 8, score: str = "float(x / 4 > instance.level)") -> tuple[Summary, Path]:
        folder = tmp_path / "problem"
        folder.mkdir()
        judge = EVALUATE.replace("COUNT", str(count)).replace("SCORE", score)
        seed = "def answer():\n    return 1.5\n"
        for name, text in (("problem.toml", TOML), ("seed.py", seed), ("evaluate.py", judge), ("plugin.py", PLUGIN)):
            (folder / name).write_text(text)
        out = tmp_path / "run"
        return asyncio.run(Run.create(str(folder), overrides=overrides, out=out).execute()), out

    return run


@pytest.fixture
def replayed() -> Callable[[Path], Replay]:
    """Return a function that repeats a run from its record."""
    return lambda folder: asyncio.run(replay(folder))
