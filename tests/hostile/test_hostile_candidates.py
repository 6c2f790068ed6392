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
OVERTIME_CPU_S = 1.0
OVERTIME_WALL_S = 5.0  # generous: other work may share the machine
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


@pytest.fixture(scope="module", params=[1, 2, 3], ids=["best-rung", "rung-2", "rung-3"])
def judge(folder: Path, request: pytest.FixtureRequest) -> Iterator[Judge]:
    """Yield a judge whose candidates are isolated as well as this machine can, or no better than a rung."""
    os.environ["EVOLVE_TEST_KEY"] = "canary"
    sys.modules["suspicious"] = sys.modules[__name__]
    try:
        with Judge(Setup(str(folder), "suspicious:Suspicious", required=4, highest_rung=request.param)) as judge:
            reached = run(judge, HONEST).rung
            if request.param > 1 and reached != request.param:
                pytest.skip(f"this machine offers rung {reached} to user {os.getuid()}, not rung {request.param}")
            yield judge
    finally:
        del os.environ["EVOLVE_TEST_KEY"], sys.modules["suspicious"]


def run(judge: Judge, source: str) -> Outcome:
    instance = Instance("default", {"folder": "def solve(folder)" in source})
    result = judge.run(Job("evaluate", {"program.py": source}, "program.py", instance, limits_of(source)))
    assert not result.error
    assert result.outcome is not None
    return result.outcome


def limits_of(source: str) -> Limits:
    return SHORT if "timeout" in source.split("\n")[0] else LIMITS


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


def traces(folder: Path) -> dict[str, Any]:
    """Return all that a candidate could leave on this machine: files with a marked name, and System V objects."""
    places = [folder, Path.cwd(), Path.home(), *map(Path, ("/", "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue"))]
    found: dict[str, Any] = {"folder": sorted((path.name, path.read_text()) for path in folder.iterdir())}
    found["notes"] = [note for place in places if os.access(place, os.R_OK) for note in place.glob("evolve-note*")]
    for kind in ("shm", "sem", "msg"):
        table = Path("/proc/sysvipc", kind)
        lines = table.read_text().splitlines()[1:] if table.exists() else []
        found[kind] = sorted(tuple(line.split()[:3]) for line in lines)
    return found


@pytest.mark.parametrize("path", PROGRAMS, ids=[path.stem for path in PROGRAMS])
def test_a_hostile_program_changes_nothing_but_its_own_outcome(judge: Judge, folder: Path, path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    processes, left = descendants(), traces(folder)
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
    assert outcome.cost.wall_s < limits_of(source).wall_s + OVERTIME_WALL_S
    assert outcome.cost.cpu_s < limits_of(source).wall_s + OVERTIME_CPU_S
    assert descendants() == processes
    assert traces(folder) == left
    assert run(judge, HONEST).score == 2.0


def _matches(said: str, wanted: str) -> bool:
    status, _, text = wanted.partition(": ")
    return status in said and text in said


def test_the_suite_is_not_empty() -> None:
    assert len(PROGRAMS) > 90
