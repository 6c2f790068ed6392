"""`sandbox.inline`: straight-line programs run in the worker, all others behind the border, with equal outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evolve.errors import ProblemError
from evolve.evaluation import Limits, Status
from evolve.interfaces import Job, Setup
from evolve.judge import Judge

PRIMITIVES = """
import os
from evolve.primitives import primitive

COMMUTATIVE = {"add"}

@primitive()
def add(x: float, y: float) -> float:
    return x + y

@primitive()
def process(x: float) -> float:
    return float(os.getpid())

@primitive()
def fails(x: float) -> float:
    return 1.0 / (x * 0.0)
"""
EVALUATE = """
from evolve import Outcome

def evaluate(candidate, instance):
    return Outcome.ok(candidate.call("f", 2.0))
"""
EVALUATOR = "evolve_plugins.evaluators.python:PythonEvaluator"


def _setup(folder: Path, inline: bool = True) -> Setup:
    entry = "f(x: float) -> float"
    return Setup(str(folder), EVALUATOR, entry=entry, preload=(), called=("f",), required=4, inline=inline)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("straight")
    (folder / "primitives.py").write_text(PRIMITIVES)
    (folder / "evaluate.py").write_text(EVALUATE)
    return folder


@pytest.fixture(scope="module")
def judge(folder: Path) -> Iterator[Judge]:
    with Judge(_setup(folder)) as judge:
        yield judge


def _job(expression: str) -> Job:
    text = f"from primitives import add, fails, process\n\n\ndef f(x):\n    return {expression}\n"
    return Job("evaluate", {"program.py": text}, "program.py", limits=Limits())


def test_a_straight_line_program_runs_in_the_worker_itself(judge: Judge) -> None:
    import os

    outcome = judge.run(_job("process(x)")).outcome
    assert outcome is not None
    assert outcome.score == os.getpid()
    assert outcome.rung == 0


def test_everything_else_runs_behind_the_border(judge: Judge) -> None:
    import os

    outcome = judge.run(_job("process(x) if x else 0.0")).outcome
    assert outcome is not None
    assert outcome.valid
    assert outcome.score != os.getpid()
    assert outcome.rung > 0


@pytest.mark.parametrize("expression", ["add(x, 3.0)", "x + x + 1", "fails(x)"])
def test_both_ways_lead_to_the_same_outcome(folder: Path, judge: Judge, expression: str) -> None:
    with Judge(_setup(folder, inline=False)) as isolated:
        one, other = judge.run(_job(expression)).outcome, isolated.run(_job(expression)).outcome
    assert one is not None
    assert other is not None
    assert (one.status, one.score) == (other.status, other.score)
    assert one.rung == 0 < other.rung


def test_a_primitive_that_raises_fails_the_candidate_only(judge: Judge) -> None:
    outcome = judge.run(_job("fails(x)")).outcome
    assert outcome is not None
    assert outcome.status is Status.ERROR
    assert outcome.feedback.startswith("ZeroDivisionError")


def test_a_judgement_that_takes_longer_than_the_wall_limit_ends_at_the_next_call(folder: Path) -> None:
    head = "def evaluate(candidate, instance):\n"
    patient = EVALUATE.replace(head, f"{head}    while True:\n        candidate.call('f', 1.0)\n")
    (slow := folder / "slow").mkdir()
    (slow / "primitives.py").write_text(PRIMITIVES)
    (slow / "evaluate.py").write_text(patient)
    job = replace(_job("x + 5.0"), limits=Limits(wall_s=0.2))
    with Judge(_setup(slow)) as judge:
        outcome = judge.run(job).outcome
    assert outcome is not None
    assert outcome.status is Status.TIMEOUT
    assert outcome.feedback == "it took longer than 0.2 s of wall time"


def test_its_cpu_time_is_counted_once(judge: Judge) -> None:
    result = judge.run(_job("x + 4.0"))
    assert result.outcome is not None
    assert result.outcome.cost.cpu_s > 0
    assert result.worker_cpu_s < 0.05


def test_inline_without_primitives_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "evaluate.py").write_text(EVALUATE)
    with pytest.raises(ProblemError, match=r"sandbox.inline is for programs of primitives; write a primitives.py"):
        Judge(_setup(tmp_path))
