"""The judge: what becomes of a job when the problem's own code, or the sandbox, fails."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evolve.errors import PluginError
from evolve.evaluation import Limits, Outcome, Status, Verdict
from evolve.instance import Instance
from evolve.interfaces import Candidate, Description, Evaluator, Job, Setup
from evolve.judge import Judge, blame

HONEST = "def f():\n    return [1.0, 2.0]\n"


class Scripted(Evaluator):
    """Does what the instance says."""

    def open(self, setup: Setup) -> Description:
        return Description((Instance("default"),), probe=True, verify=True, draw=True)

    def evaluate(self, candidate: Candidate, instance: Instance) -> Outcome:
        answer = candidate.call("f")
        match instance.id:
            case "fails":
                raise ZeroDivisionError("oh\nno")
            case "wrong type":
                return 3.0  # type: ignore[return-value]
            case "odd solution":
                return Outcome.ok(1.0, solution={"a": [object()]})
            case "invalid":
                return Outcome.invalid("not good")
        return Outcome.ok(sum(answer), solution={"array": np.arange(4).reshape(2, 2), "pair": (1, np.float64(2.0))})

    def probe(self, candidate: Candidate) -> Any:
        return (candidate.call("f"), np.int64(3))

    def verify(self, solution: Any, instance: Instance) -> Verdict:
        return Verdict.ok(solution, certificate=(1, 2)) if instance.id != "wrong type" else True  # type: ignore[return-value]

    def draw(self, solution: Any, instance: Instance) -> Mapping[str, bytes]:
        return {"svg": b"<svg/>"}


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    sys.modules["scripted"] = sys.modules[__name__]
    folder = tmp_path_factory.mktemp("scripted")
    with Judge(Setup(str(folder), "scripted:Scripted", preload=())) as judge:
        yield judge
    del sys.modules["scripted"]


def job(kind: str, program: str = HONEST, instance: str = "default", **more: Any) -> Job:
    return Job(kind, {"program.py": program}, "program.py", Instance(instance), Limits(wall_s=20.0), **more)


def test_an_outcome_comes_with_its_cost_and_a_plain_solution(judge: Judge) -> None:
    result = judge.run(job("evaluate"))
    assert result.outcome is not None
    assert result.outcome.score == 3.0
    assert result.outcome.solution == {"array": [[0, 1], [2, 3]], "pair": [1, 2.0]}
    assert result.outcome.cost == result.cost
    assert result.cost.cpu_s > 0.0
    assert result.worker_cpu_s > 0.0


def test_a_candidates_failure_is_its_outcome_with_what_it_printed(judge: Judge) -> None:
    result = judge.run(job("evaluate", "def f():\n    print('on my way')\n    return 1 / 0\n"))
    assert result.error == ""
    assert result.outcome is not None
    assert result.outcome.status is Status.ERROR
    assert "ZeroDivisionError" in result.outcome.feedback
    assert result.outcome.feedback.endswith("It printed:\non my way")


def test_an_invalid_answer_keeps_its_reason(judge: Judge) -> None:
    result = judge.run(job("evaluate", instance="invalid"))
    assert result.outcome is not None
    assert (result.outcome.status, result.outcome.feedback) == (Status.INVALID, "not good")


@pytest.mark.parametrize(
    ("instance", "said"),
    [
        ("fails", "ZeroDivisionError: oh no"),
        ("wrong type", "evaluate returned float; return Outcome.ok(score) or Outcome.invalid(reason)"),
        ("odd solution", "solution['a'][0] holds a object; give plain data: numbers, strings, lists and dicts"),
    ],
)
def test_a_mistake_of_the_problems_author_is_one_line_and_no_outcome(judge: Judge, instance: str, said: str) -> None:
    result = judge.run(job("evaluate", instance=instance))
    assert result.outcome is None
    assert result.error == said
    assert result.cost.cpu_s > 0.0


def test_a_probe_answers_with_plain_data_or_with_the_candidates_error(judge: Judge) -> None:
    assert judge.run(job("probe")).value == [[1.0, 2.0], 3]
    failed = judge.run(job("probe", "def f():\n    return 1 / 0\n"))
    assert failed.value is None
    assert failed.error.startswith("error:   program.py:2 in f: return 1 / 0")


def test_verify_and_draw_run_without_a_candidate(judge: Judge) -> None:
    assert judge.run(job("verify", payload=2.5)).value == Verdict.ok(2.5, certificate=[1, 2])
    assert "verify returned bool; return Verdict.ok" in judge.run(job("verify", instance="wrong type")).error
    assert judge.run(job("draw")).value == {"svg": b"<svg/>"}
    assert judge.run(job("sing")).error == "unknown kind of job 'sing'"


def test_a_dead_zygote_is_replaced_and_the_job_done_all_the_same(judge: Judge) -> None:
    os.kill(judge._warm._process.pid, signal.SIGKILL)
    result = judge.run(job("evaluate"))
    assert result.outcome is not None
    assert result.outcome.score == 3.0


def test_an_evaluator_that_is_none_is_a_plugin_error() -> None:
    for path, said in (
        ("no_such_module:X", "does not load"),
        ("json:NoSuchClass", "does not load"),
        ("collections:OrderedDict", "is not an evolve.Evaluator"),
    ):
        with pytest.raises(PluginError, match=said):
            Judge(Setup(".", path))


def test_blame_names_the_innermost_line_of_the_problem(tmp_path: Path) -> None:
    file = tmp_path / "evaluate.py"
    file.write_text("import json\ndef f():\n    return json.loads('{')\n")
    names: dict[str, Any] = {}
    exec(compile(file.read_text(), str(file), "exec"), names)
    with pytest.raises(ValueError, match="Expecting") as caught:
        names["f"]()
    assert blame(caught.value, tmp_path).startswith("evaluate.py:3 in f: json.decoder.JSONDecodeError: Expecting")
