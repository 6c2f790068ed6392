"""CommandEvaluator: programs in any language, behind the real border, judged by an ordinary `evaluate.py`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evolve.config import PluginTable
from evolve.errors import ConfigError, EvolveError, ProblemError
from evolve.evaluation import Limits, Outcome, Status
from evolve.instance import Instance
from evolve.interfaces import Job, JobResult, Setup
from evolve.judge import Judge
from evolve.registry import Registry
from evolve_plugins.evaluators.command import CommandEvaluator

CLASS = "evolve_plugins.evaluators.command:CommandEvaluator"
EVALUATE = """
import numpy as np
from evolve import Outcome, strict

def evaluate(candidate, instance):
    total = sum(strict.number(candidate.call("add", n, np.arange(3))) for n in range(instance.calls))
    return Outcome.ok(total, feedback=str(strict.text(candidate.call("who", sender="judge"))))

def probe(candidate):
    return candidate.call("who")
"""
ADDING = """case $(cat) in
*add*) tr -dc '0-9,' < request.json | awk -F, '{ print $2 + $3 + $4 + $5 }' ;;
*judge*) echo '"the judge"' ;;
*) echo '"nobody"' ;;
esac
"""
LIMITS = Limits(wall_s=20.0, memory_mb=512, scratch_mb=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("anything")
    (found / "evaluate.py").write_text(EVALUATE)
    return found


def judge_of(folder: Path, **settings: Any) -> Judge:
    setup = Setup(str(folder), CLASS, {"run": ["sh", "program.sh"], **settings}, preload=(), tier="processes")
    try:
        return Judge(setup)
    except EvolveError as error:
        if "rung" not in str(error):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def judge(folder: Path) -> Iterator[Judge]:
    with judge_of(folder) as found:
        yield found


def run(judge: Judge, text: str, calls: int = 2, kind: str = "evaluate", limits: Limits = LIMITS) -> JobResult:
    return judge.run(Job(kind, {"program.sh": text}, "program.sh", Instance("one", {"calls": calls}), limits))


def judged(judge: Judge, text: str, limits: Limits = LIMITS) -> Outcome:
    result = run(judge, text, limits=limits)
    assert not result.error
    assert result.outcome is not None
    return result.outcome


def test_a_judge_calls_a_program_in_another_language_as_it_would_call_python(judge: Judge) -> None:
    outcome = judged(judge, ADDING)
    assert (outcome.score, outcome.feedback) == (7.0, "the judge")
    assert outcome.cost.cpu_s > 0.0
    assert run(judge, ADDING, kind="probe").value == "nobody"


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("echo not so >&2; exit 3", Status.ERROR, "sh exited with code 3\nnot so"),
        ("kill -SEGV $$", Status.KILLED, "sh was killed by signal SIGSEGV"),
        ("kill -XCPU $$", Status.TIMEOUT, "sh used more CPU time than it may"),
        ("echo 'what(): std::bad_alloc' >&2; kill -ABRT $$", Status.MEMORY, "sh used more memory than it may"),
        ("echo NaN", Status.ERROR, "its answer is no JSON: NaN is not data"),
        ("echo 1e999", Status.ERROR, "its answer is no JSON: a number beyond all floats is not data"),
        ("echo", Status.ERROR, "its answer is no JSON: Expecting value at line 2, column 1"),
        ("echo 1 2", Status.ERROR, "its answer is no JSON: Extra data at line 1, column 3"),
        ("echo true", Status.INVALID, "the answer is True; it must be a number"),
        ("printf '\\033[31mred' >&2; exit 1", Status.ERROR, "sh exited with code 1\n\ufffd[31mred"),
    ],
)
def test_how_a_program_fails_becomes_its_outcome(judge: Judge, text: str, status: Status, said: str) -> None:
    outcome = judged(judge, text)
    assert outcome.status is status
    assert outcome.feedback.startswith(said)


def test_a_program_that_does_not_end_is_stopped_with_all_that_it_started(judge: Judge) -> None:
    outcome = judged(judge, "sleep 1000 & while :; do :; done", Limits(wall_s=0.5, scratch_mb=1))
    assert outcome.status is Status.TIMEOUT
    assert judged(judge, ADDING).valid


def test_what_a_killed_program_and_its_own_children_have_used_is_counted(judge: Judge) -> None:
    busy = "(i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; : > done; sleep 1000) & "
    outcome = judged(
        judge, busy + "while [ ! -e done ]; do sleep 0.02; done; sleep 1000", Limits(wall_s=3, scratch_mb=1)
    )
    assert outcome.status is Status.TIMEOUT
    assert outcome.cost.cpu_s > 0.1


def test_a_program_that_uses_up_its_cpu_time_is_out_of_time_too(judge: Judge) -> None:
    outcome = judged(judge, "while :; do :; done", Limits(wall_s=60.0, cpu_s=1.0, scratch_mb=1))
    assert (outcome.status, outcome.feedback) == (Status.TIMEOUT, "sh used more CPU time than it may")


def test_a_program_that_fills_its_folder_is_told_so(judge: Judge) -> None:
    outcome = judged(judge, "head -c 20000000 /dev/zero > big || exit 1")
    assert outcome.status in (Status.ERROR, Status.KILLED)
    assert outcome.feedback.endswith("its folder was full: limits.scratch_mb")


def test_an_answer_that_is_too_long_is_told_by_its_size(judge: Judge) -> None:
    outcome = judged(judge, "head -c 2000000 /dev/zero", Limits(wall_s=20.0, result_mb=1, scratch_mb=8))
    assert outcome.status is Status.ERROR
    assert outcome.feedback == "its answer has 2,000,000 bytes, more than limits.result_mb allows"


def test_one_build_serves_all_calls_of_an_evaluation(folder: Path) -> None:
    build = [["sh", "-c", "echo built >> log"], ["sh", "-c", "test $(wc -l < log) = 1"]]
    with judge_of(folder, build=build) as judge:
        assert judged(judge, ADDING).valid
        assert judged(judge, "test $(wc -l < log) = 1 || exit 9\n" + ADDING).valid


def test_a_build_that_fails_is_the_candidates_error_with_what_the_builder_said(folder: Path) -> None:
    with judge_of(folder, build=["sh", "-c", "echo line 1: oh no >&2; exit 1"]) as judge:
        outcome = judged(judge, ADDING)
    assert (outcome.status, outcome.feedback) == (
        Status.ERROR,
        "it does not build: sh exited with code 1\nline 1: oh no",
    )


def test_an_answer_may_come_in_a_file_and_what_is_printed_then_explains_a_failure(folder: Path) -> None:
    with judge_of(folder, answer="file:result.json") as judge:
        assert judged(judge, "echo talking; echo 1 > result.json").feedback.startswith(
            "the answer is 1; it must be text"
        )
        outcome = judged(judge, "echo 1")
        assert (outcome.status, outcome.feedback) == (Status.ERROR, "it wrote no result.json")
        assert judged(judge, "echo why; exit 1").feedback == "sh exited with code 1\nwhy"


def test_a_command_that_the_build_did_not_make_is_the_candidates_error(folder: Path) -> None:
    with judge_of(folder, run=["./solve"]) as judge:
        outcome = judged(judge, ADDING)
    assert (outcome.status, outcome.feedback) == (
        Status.ERROR,
        "it cannot be started: ./solve: No such file or directory",
    )


def test_a_problem_without_a_scratch_folder_is_told_what_to_set(judge: Judge) -> None:
    assert "set scratch_mb = 64 in [limits]" in run(judge, ADDING, limits=Limits(wall_s=20.0)).error


def test_numbers_that_are_not_finite_come_through_where_they_are_declared(folder: Path) -> None:
    with judge_of(folder, non_finite=True) as judge:
        assert judged(judge, "echo NaN").feedback == "the answer is nan; it must be a finite number"


def test_a_command_that_is_not_on_the_machine_is_one_line_before_anything_runs(folder: Path) -> None:
    evaluator = CommandEvaluator(run=("no-such-compiler",))
    with pytest.raises(ProblemError, match=r"the command 'no-such-compiler' is not in /usr/local/bin:.*; install it"):
        evaluator.open(Setup(str(folder), "", tier="processes"))


def test_the_tier_must_allow_processes(folder: Path) -> None:
    with pytest.raises(ProblemError, match="write tier = \"processes\" in \\[sandbox\\], not 'threads'"):
        CommandEvaluator(run=("sh",)).open(Setup(str(folder), ""))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "run is missing; write the command that answers a call"),
        ({"run": ["x"], "answer": "file:../x"}, 'write "stdout" or "file:result.json"'),
        ({"run": ["x"], "answer": "result.json"}, 'write "stdout" or "file:result.json"'),
        ({"run": "x"}, "evaluator.run"),
        ({"run": ["x"], "biuld": ["y"]}, "did you mean 'build'?"),
    ],
)
def test_wrong_settings_are_answered_in_one_line(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Registry().locate("evaluator", PluginTable.model_validate({"use": "command", **settings}))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(shutil.which("g++") is None, reason="the command g++ is missing")
def test_a_compiler_runs_inside_and_its_message_reaches_the_author(folder: Path) -> None:
    with judge_of(folder, build=["g++", "-o", "solve", "program.sh.cpp"], run=["./solve"]) as judge:
        files = {"program.sh.cpp": "int main() { return missing; }"}
        result = judge.run(Job("evaluate", files, "program.sh.cpp", Instance("one", {"calls": 1}), LIMITS))
    assert result.outcome is not None
    assert "program.sh.cpp:1:21: error: 'missing' was not declared" in result.outcome.feedback.replace(
        "\u2018", "'"
    ).replace("\u2019", "'")
