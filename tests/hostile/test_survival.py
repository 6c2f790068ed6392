"""What happens to a run when its helpers are killed, clocks jump, a scratch folder fills, or a program is nosy."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evolve.evaluation import Limits, Outcome, Status
from evolve.events import Committed, Event
from evolve.instance import Instance
from evolve.interfaces import Candidate, Description, Evaluator, Job, Setup
from evolve.judge import Judge
from evolve.run import Run
from evolve.summary import Summary

TRIALS = 40
TOML = """
[problem]
title = "two"
[program]
seed = "seed.py"
entry = "solve() -> float"
[limits]
wall_s = {wall_s}
[mutator]
use = "listed"
[class_keys]
levels = []
"""
SEED = "def solve():\n    return 2.0\n"
EVALUATE = """
import time
from evolve import Outcome

def evaluate(candidate, instance):
    x = candidate.call("solve")
    return Outcome.ok(x) if isinstance(x, float) else Outcome.invalid(str(x))
"""
PLUGIN = """
from dataclasses import dataclass, field
from pathlib import Path

from evolve import Mutator, Proposal, hookimpl

TEXT = Path(__file__).with_name("child.txt").read_text()


@dataclass
class Listed(Mutator):
    purposes = frozenset({"improve", "restart"})
    made: int = field(default=0, init=False, repr=False)

    async def propose(self, parents, context):
        self.made += 1
        parent = parents[0] if parents else context.best
        child = parent.program.child({parent.program.main: f"{TEXT}\\nNUMBER = {self.made}\\n"})
        return [Proposal(child, "listed", (parent.number,))]


@hookimpl
def evolve_mutators():
    return {"listed": Listed}
"""
Start = Callable[..., tuple[Summary, list[Outcome]]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Return a function that runs a search whose children all have one text."""

    def run(
        child: str, *, observer: Callable[[Event], None] | None = None, wall_s: float = 20.0, **texts: str
    ) -> tuple[Summary, list[Outcome]]:
        folder = tmp_path / "problem"
        folder.mkdir()
        files = {"problem.toml": TOML.format(wall_s=wall_s), "seed.py": SEED, "evaluate.py": EVALUATE}
        files |= {"plugin.py": PLUGIN, "child.txt": child} | texts
        for name, text in files.items():
            (folder / name).write_text(text)
        outcomes: list[Outcome] = []

        def note(event: Event) -> None:
            if isinstance(event, Committed) and event.trial is not None:
                outcomes.extend(scored.outcome for scored in event.trial.outcomes)
                if observer is not None:
                    observer(event)

        extra: dict[str, Any] = {"budget": {"trials": TRIALS, "seconds": 600.0}, "run": {"workers": 2}}
        made = Run.create(str(folder), extra=extra, out=tmp_path / "run")
        return asyncio.run(made.execute([note])), outcomes

    return run


def generations() -> list[list[int]]:
    """Return the process ids below this process: children, grandchildren and so on."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found: list[list[int]] = []
    last = {os.getpid()}
    while last := {pid for pid, parent in parents.items() if parent in last}:
        found.append(sorted(last))
    return found


@pytest.mark.parametrize("depth", [0, 1, 2], ids=["a-worker", "a-zygote", "what-is-below"])
def test_a_run_survives_the_death_of(start: Start, depth: int) -> None:
    killed = []

    def kill(event: Event) -> None:
        if isinstance(event, Committed) and event.trial is not None and event.trial.number == 12:
            below = generations()
            if len(below) > depth:
                killed.append(below[depth][-1])
                os.kill(killed[-1], signal.SIGKILL)

    program = "import time\ndef solve():\n    time.sleep(0.02)\n    return 2.0\n"
    summary, outcomes = start(program, observer=kill)
    assert killed
    assert summary.trials == TRIALS
    ends = Counter(outcome.status for outcome in outcomes)
    assert ends[Status.OK] >= TRIALS - (depth == 2)  # there it may be the candidate itself that was hit
    assert ends[Status.INFRASTRUCTURE] == 0


def test_a_clock_that_jumps_changes_nothing(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    jumps = "import itertools\n_jumps = itertools.cycle([0.0, 4e9, -5e8, 1.0])\ntime.time = lambda: next(_jumps)\n"
    monkeypatch.setattr(time, "time", time.time)  # and back at the end
    exec(jumps, {"time": time})
    summary, outcomes = start("def solve():\n    return 2.0\n", **{"evaluate.py": EVALUATE + jumps})
    assert summary.reason == "trials" or "trials" in summary.reason
    assert summary.trials == TRIALS
    assert {outcome.status for outcome in outcomes} == {Status.OK}
    assert 0 <= summary.seconds < 600


def test_a_clock_that_jumps_moves_no_time_limit(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = "time.time = lambda: 0.0\n"
    monkeypatch.setattr(time, "time", lambda: 0.0)
    summary, outcomes = start(
        "def solve():\n    while True:\n        pass\n", wall_s=0.05, **{"evaluate.py": EVALUATE + frozen}
    )
    assert summary.trials == TRIALS
    assert Counter(outcome.status for outcome in outcomes) == {Status.TIMEOUT: TRIALS - 1, Status.OK: 1}


NOSY = """
import os

def solve():
    found = []
    for place in {places!r}:
        for act in (lambda: open(place, "rb").read(), lambda: os.listdir(place)):
            try:
                found.append((place, str(act())[:80]))
            except OSError:
                continue
    found += [name for name in os.environ if "KEY" in name]
    return 2.0 if not found else repr(found)
"""


def test_keys_answers_and_the_record_are_out_of_reach(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVOLVE_TEST_API_KEY", "canary-of-the-key")
    pids = [os.getpid(), os.getppid(), 1, "self"]
    places = [tmp_path / "problem" / name for name in ("answers.txt", "evaluate.py", "problem.toml", "plugin.py")]
    places += [tmp_path / "run" / name for name in ("record.sqlite", "record.sqlite-wal")]
    places += [Path(f"/proc/{pid}/{name}") for pid in pids for name in ("environ", "mem", "maps")]
    program = NOSY.replace("{places!r}", repr([str(place) for place in places]))
    summary, outcomes = start(program, **{"answers.txt": "canary-of-the-answers"})
    assert summary.trials == TRIALS
    assert {(outcome.status, outcome.feedback) for outcome in outcomes} == {(Status.OK, "")}
    kept = b"".join(path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file())
    assert b"canary" not in kept


class Plain(Evaluator):
    """Takes any number."""

    def open(self, setup: Setup) -> Description:
        return Description((Instance("default"),))

    def evaluate(self, candidate: Candidate, instance: Instance) -> Outcome:
        return Outcome.ok(candidate.call("solve"))


FILL = """
import os, errno

def solve():
    inodes = written = 0
    try:
        while True:
            with open(f"file-{inodes}", "wb", buffering=0) as file:
                inodes += 1
                while inodes % 2:
                    written += file.write(b"x" * 65536)
    except OSError as error:
        assert error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT), error
    assert written <= 4 << 20, written
    return float(len(os.listdir(".")))
"""


@pytest.fixture
def judge(tmp_path: Path) -> Iterator[Judge]:
    sys.modules["survival"] = sys.modules[__name__]
    with Judge(Setup(str(tmp_path), "survival:Plain", preload=())) as judge:
        yield judge
    del sys.modules["survival"]


def test_a_full_scratch_folder_is_the_problem_of_its_candidate_only(judge: Judge) -> None:
    limits = Limits(wall_s=20.0, scratch_mb=4)
    before = sorted(Path("/tmp").glob("file-*"))

    def run(source: str) -> Any:
        return judge.run(Job("evaluate", {"program.py": source}, "program.py", Instance("default"), limits))

    first = run(FILL)
    if "scratch_mb needs" in first.error:
        pytest.skip(first.error)
    again = [run(FILL).outcome.score for _ in range(3)]
    assert again == [first.outcome.score] * 3  # each finds it empty
    assert first.outcome.score >= 1
    left = run("import os\ndef solve():\n    return float(len(os.listdir('.')))\n")
    assert left.outcome.score == 0.0
    assert sorted(Path("/tmp").glob("file-*")) == before
