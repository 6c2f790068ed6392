"""`kill -9` from outside, in the middle of an evaluation: never the candidate's fault."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from evolve.evaluation import Limits, Outcome, Status
from evolve.instance import Instance
from evolve.interfaces import Job, Setup
from evolve_plugins.executors.local import LocalProcesses

EVALUATE = """
from evolve import Outcome

def evaluate(candidate, instance):
    candidate.call("start")
    with open(instance.log, "a") as log:
        log.write("started\\n")
    return Outcome.ok(candidate.call("work"))
"""
PROGRAM = "import time\ndef start():\n    return None\ndef work():\n    time.sleep(0.7)\n    return 2.0\n"


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    (tmp_path / "evaluate.py").write_text(EVALUATE)
    return Setup(str(tmp_path), "evolve_plugins.evaluators.python:PythonEvaluator", preload=())


def children(pid: int, words: bytes) -> list[int]:
    """Return the living processes right below one whose command line has certain words, the oldest first."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if int(parent) == pid and state != "Z" and words in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return sorted(found)


def the_worker() -> int:
    return children(os.getpid(), b"spawn_main")[-1]


def the_zygote() -> int:
    return children(the_worker(), b"")[-1]


def judged(setup: Setup, victim: Callable[[], int], kills: int) -> tuple[Outcome, Outcome]:
    """Judge one program and kill a process while it works, so and so often; then judge it in peace."""
    log = Path(setup.folder, "log")

    def kill_each_start() -> None:
        deadline = time.monotonic() + 60.0
        for number in range(1, kills + 1):
            while not log.exists() or log.read_text().count("started") < number:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            os.kill(victim(), signal.SIGKILL)

    async def use(executor: LocalProcesses) -> tuple[Outcome, Outcome]:
        instance = Instance("only", {"log": str(log)})
        job = Job("evaluate", {"program.py": PROGRAM}, "program.py", instance, Limits(wall_s=30.0))
        killer = asyncio.create_task(asyncio.to_thread(kill_each_start))
        first = (await executor.run(job)).outcome
        await killer
        second = (await executor.run(job)).outcome
        assert first is not None
        assert second is not None
        return first, second

    return asyncio.run(_whole(setup, use))


async def _whole(setup: Setup, use: Callable[[LocalProcesses], Awaitable[Any]]) -> Any:
    executor = LocalProcesses(workers=1)
    try:
        await executor.start(setup)
        return await use(executor)
    finally:
        await executor.close()


@pytest.mark.parametrize("victim", [the_worker, the_zygote], ids=["worker", "zygote"])
def test_an_evaluation_whose_process_is_killed_is_done_again(setup: Setup, victim: Callable[[], int]) -> None:
    first, second = judged(setup, victim, 1)
    assert (first.status, first.score) == (Status.OK, 2.0)
    assert second.score == 2.0
    assert Path(setup.folder, "log").read_text().count("started") == 3


@pytest.mark.parametrize("victim", [the_worker, the_zygote], ids=["worker", "zygote"])
def test_an_evaluation_that_is_killed_twice_is_infrastructure(setup: Setup, victim: Callable[[], int]) -> None:
    first, second = judged(setup, victim, 2)
    assert (first.status, first.score) == (Status.INFRASTRUCTURE, None)
    assert "died" in first.feedback
    assert first.feedback.endswith("twice")
    assert second.score == 2.0
