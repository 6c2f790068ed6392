"""Repeat and Cascade: evaluators around other evaluators, built from settings and run behind the real border."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evolve.config import PluginTable
from evolve.errors import CandidateError, EvolveError, ProblemError
from evolve.evaluation import Limits, Outcome, Status
from evolve.instance import Instance
from evolve.interfaces import Job, Setup
from evolve.judge import Judge
from evolve.loading import LOCATED, load_plugin
from evolve.registry import Registry
from evolve.sandbox.candidate import SandboxedCandidate
from evolve.sandbox.warm import WarmParent
from evolve_plugins.evaluators.cascade import Cascade
from evolve_plugins.evaluators.command import CommandEvaluator
from evolve_plugins.evaluators.python import PythonEvaluator
from evolve_plugins.evaluators.repeat import Repeat

NOISY = """
from evolve import Instance, Outcome, Verdict, strict

def instances():
    return [Instance("only", {"limit": 100})]

def evaluate(candidate, instance):
    value = strict.number(candidate.call("f", instance.repeat), high=instance.limit)
    return Outcome.ok(value, metrics={"double": 2 * value}, measures={"half": value / 2}, solution=[value])

def probe(candidate):
    return candidate.call("f", 0)

def verify(solution, instance):
    return Verdict.ok(solution[0])

def draw(solution, instance):
    return "<svg/>"
"""
QUICK = """
from evolve import Outcome

def evaluate(candidate, instance):
    value = candidate.call("f", 0)
    return Outcome.ok(value) if value > 0 else Outcome.invalid("too small to be worth it")
"""
SLOW = NOISY.replace("instance.repeat", "7")
COUNTING = "seen = []\ndef f(x):\n    seen.append(x)\n    return 2.0 * x + 10 * (len(seen) - 1)\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("evaluate.py", NOISY), ("quick.py", QUICK), ("slow.py", SLOW)):
        (tmp_path / name).write_text(text)
    return tmp_path


def judge_of(folder: Path, table: dict[str, Any]) -> Judge:
    path, settings = Registry().locate("evaluator", PluginTable.model_validate(table))
    return Judge(Setup(str(folder), path, settings, preload=()))


def judged(judge: Judge, text: str, limit: float = 100, limits: Limits | None = None) -> Outcome:
    instance = Instance("only", {"limit": limit})
    result = judge.run(Job("evaluate", {"program.py": text}, "program.py", instance, limits or Limits(wall_s=20.0)))
    assert not result.error
    assert result.outcome is not None
    return result.outcome


def test_repetitions_are_numbered_and_averaged_each_in_a_process_of_its_own(folder: Path) -> None:
    with judge_of(folder, {"use": "repeat", "times": 4}) as judge:
        outcome = judged(judge, COUNTING)
    assert outcome.score == 3.0  # 0, 2, 4, 6: no process has seen an earlier call
    assert outcome.metrics["double"] == 6.0
    assert outcome.measures == {"half": 1.5}
    assert (outcome.metrics["score_min"], outcome.metrics["score_max"]) == (0.0, 6.0)
    assert outcome.metrics["score_sd"] == pytest.approx(5**0.5)
    assert outcome.solution == [2.0]
    assert outcome.cost.cpu_s > 0.0


def test_the_first_repetition_without_a_score_is_the_outcome(folder: Path) -> None:
    with judge_of(folder, {"use": "repeat"}) as judge:
        refused = judged(judge, COUNTING, limit=3)
        assert (refused.status, refused.feedback) == (Status.INVALID, "the answer is 4.0; it must be at most 3")
        assert judged(judge, "def f(x):\n    return 1 / (1 - x)\n").status is Status.ERROR


def test_the_limits_hold_for_all_repetitions_together(folder: Path) -> None:
    slow = "import time\ndef f(x):\n    time.sleep(0.4)\n    return 1.0\n"
    with judge_of(folder, {"use": "repeat", "times": 5}) as judge:
        assert judged(judge, slow, limits=Limits(wall_s=1.0)).status is Status.TIMEOUT


def test_a_wrapper_hands_probe_verify_and_draw_on(folder: Path) -> None:
    with judge_of(folder, {"use": "repeat"}) as judge:
        assert judge.description.instances == (Instance("only", {"limit": 100}),)
        assert (judge.description.probe, judge.description.verify, judge.description.draw) == (True, True, True)
        job = Job("probe", {"program.py": COUNTING}, "program.py")
        assert judge.run(job).value == 0.0
        assert judge.run(Job("verify", instance=Instance("only"), payload=[3.0])).value.value == 3.0
        assert judge.run(Job("draw", instance=Instance("only"), payload=[3.0])).value == {"svg": b"<svg/>"}


def test_a_cascade_ends_at_the_first_judge_that_refuses(folder: Path) -> None:
    judges = [{"use": "python", "file": "quick.py"}, {"use": "python", "file": "slow.py"}]
    with judge_of(folder, {"use": "cascade", "evaluators": judges}) as judge:
        passed = judged(judge, "def f(x):\n    return x + 1.0\n")
        assert (passed.score, passed.metrics["step_0"]) == (8.0, 1.0)
        assert "step_1" not in passed.metrics
        poor = judged(judge, "def f(x):\n    return -1.0 if x == 0 else 1 / 0\n")
        assert (poor.status, poor.feedback) == (Status.INVALID, "too small to be worth it")
        assert judged(judge, "def f(x):\n    return 1.0 if x == 0 else 1 / 0\n").status is Status.ERROR
        assert judge.description.verify


def test_wrappers_nest_and_travel_to_the_worker_with_every_setting(folder: Path) -> None:
    inner = {"use": "command", "run": ["sh", "program.sh"], "answer": "file:out.json"}
    table = {
        "use": "cascade",
        "evaluators": [{"use": "python", "file": "quick.py"}, {"use": "repeat", "evaluator": inner}],
    }
    path, settings = Registry().locate("evaluator", PluginTable.model_validate(table))
    assert settings["evaluators"][1]["evaluator"][LOCATED].endswith(":CommandEvaluator")
    made = load_plugin(path, settings)
    assert isinstance(made, Cascade)
    quick, repeat = made.evaluators
    assert isinstance(quick, PythonEvaluator)
    assert quick.file == "quick.py"
    assert isinstance(repeat, Repeat)
    assert isinstance(repeat.evaluator, CommandEvaluator)
    assert (tuple(repeat.evaluator.run), repeat.evaluator.answer) == (("sh", "program.sh"), "file:out.json")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"use": "repeat", "times": 1}, "evaluator.times"),
        ({"use": "repeat", "evaluator": "pyton"}, "did you mean 'python'?"),
        ({"use": "cascade", "evaluators": []}, "evaluators is empty; name the judges, cheapest first"),
        ({"use": "cascade", "evaluators": [{"use": "python", "flie": "x"}]}, "did you mean 'file'?"),
    ],
)
def test_wrong_settings_are_answered_in_one_line(table: dict[str, Any], said: str) -> None:
    with pytest.raises(EvolveError) as caught:
        Registry().locate("evaluator", PluginTable.model_validate(table))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_judge_that_is_missing_is_named(folder: Path) -> None:
    with pytest.raises(ProblemError, match=r"has no gone\.py"):
        judge_of(folder, {"use": "cascade", "evaluators": [{"use": "python", "file": "gone.py"}]})


def test_a_restarted_program_remembers_nothing_and_its_cost_goes_on_counting(folder: Path) -> None:
    warm = WarmParent()
    files = {"program.py": "count = 0\ndef f(x):\n    global count\n    count += 1\n    return [count, 1 / x]\n"}
    with SandboxedCandidate(warm, files, "program.py", Limits(wall_s=20.0)) as candidate:
        assert candidate.call("f", 1) == [1, 1.0]
        assert candidate.call("f", 1) == [2, 1.0]
        candidate.restart()
        once = candidate.cost.cpu_s
        assert once > 0.0
        with pytest.raises(CandidateError):
            candidate.call("f", 0)
        assert candidate.call("f", 2) == [2, 0.5]
    assert candidate.cost.cpu_s > once
    warm.close()
