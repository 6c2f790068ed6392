"""Hostile programs: each may change its own outcome, and nothing else."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evolve.evaluation import Limits, Outcome, Status
from evolve.instance import Instance
from evolve.interfaces import Candidate, Description, Evaluator, Job, Setup
from evolve.judge import Judge

PROGRAMS = sorted(Path(__file__).with_name("programs").glob("*.py"))
LIMITS = Limits(wall_s=20.0, memory_mb=512, result_mb=8)
SHORT = Limits(wall_s=0.6, memory_mb=512, result_mb=8)
HONEST = "import json, math\nimport numpy as np\ndef solve():\n    return float(np.sum([math.sqrt(json.loads('4'))]))\n"
PLAIN = (float, int, bool, str, type(None), bytes, complex)


class Suspicious(Evaluator):
    """Accepts a number, and insists that whatever crosses the border is plain."""

    def open(self, setup: Setup) -> Description:
        self.folder = setup.folder
        return Description((Instance("default"),))

    def evaluate(self, candidate: Candidate, instance: Instance) -> Outcome:
        answer = candidate.call("solve", *([self.folder] if instance.params.get("folder") else []))
        insist_on_plain(answer)
        if not isinstance(answer, float) or not math.isfinite(answer):
            return Outcome.invalid(f"{type(answer).__name__} {answer!r}"[:200])
        return Outcome.ok(answer)


def insist_on_plain(value: Any) -> None:
    if type(value) is list:
        for item in value:
            insist_on_plain(item)
    elif type(value) is dict:
        for key, item in value.items():
            assert type(key) is str
            insist_on_plain(item)
    elif type(value).__name__ == "ndarray":
        assert type(value).__module__ == "numpy"
        assert not value.flags.writeable
    else:
        assert type(value) in PLAIN


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("problem")
    (path / "answers.txt").write_text("canary")
    (path / "evaluate.py").write_text("")
    return path


@pytest.fixture(scope="module")
def judge(folder: Path) -> Iterator[Judge]:
    os.environ["EVOLVE_TEST_KEY"] = "canary"
    sys.modules["suspicious"] = sys.modules[__name__]
    with Judge(Setup(str(folder), "suspicious:Suspicious")) as judge:
        yield judge
    del os.environ["EVOLVE_TEST_KEY"], sys.modules["suspicious"]


def run(judge: Judge, source: str) -> Outcome:
    instance = Instance("default", {"folder": "def solve(folder)" in source})
    limits = SHORT if "timeout" in source.split("\n")[0] else LIMITS
    result = judge.run(Job("evaluate", {"program.py": source}, "program.py", instance, limits))
    assert not result.error
    assert result.outcome is not None
    return result.outcome


def descendants() -> set[int]:
    """Return the process ids of everything below this process."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = {os.getpid()}
    while len(found) < len(found := found | {pid for pid, parent in parents.items() if parent in found}):
        pass
    return found


@pytest.mark.parametrize("path", PROGRAMS, ids=[path.stem for path in PROGRAMS])
def test_a_hostile_program_changes_nothing_but_its_own_outcome(judge: Judge, folder: Path, path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    processes, files = descendants(), sorted(folder.iterdir())
    outcome = run(judge, source)
    said = f"{outcome.status}: {outcome.feedback}"
    expected = re.match(r'"""expect: (.*)"""', source)
    assert expected is not None
    assert any(_matches(said, wanted) for wanted in expected[1].split("|")), said
    assert outcome.status is not Status.OK or outcome.score == 2.0
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", said)
    assert len(said) < 10_000
    assert "canary" not in said
    assert math.isfinite(outcome.cost.fuel)
    assert descendants() == processes
    assert sorted(folder.iterdir()) == files
    assert run(judge, HONEST).score == 2.0


def _matches(said: str, wanted: str) -> bool:
    status, _, text = wanted.partition(": ")
    return status in said and text in said


def test_the_suite_is_not_empty() -> None:
    assert len(PROGRAMS) > 50
