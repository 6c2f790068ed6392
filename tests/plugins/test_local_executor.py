"""LocalProcesses: workers that outlive candidates, are replaced when they fail, and are gone at the end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from evolve.errors import EvolveError, ProblemError
from evolve.evaluation import Limits, Status, Verdict
from evolve.instance import Instance
from evolve.interfaces import Description, Job, Setup
from evolve_plugins.executors.local import LocalProcesses

EVALUATE = """
import os, signal
from pathlib import Path
from evolve import Outcome, Verdict

def evaluate(candidate, instance):
    answer = candidate.call("f")
    if instance.id == "crashes":
        os.kill(os.getpid(), signal.SIGKILL)
    mark = Path(__file__).with_name("mark")
    if instance.id == "crashes once" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return Outcome.ok(answer, feedback=str(os.getpid()))

def verify(solution, instance):
    return Verdict.ok(solution)
"""
HONEST = "def f():\n    return 2.0\n"
ENDLESS = "def f():\n    while True: pass\n"
SLEEPER = "import time\ndef f():\n    time.sleep(0.3)\n    return 2.0\n"
EVALUATOR = "evolve_plugins.evaluators.python:PythonEvaluator"


def job(program: str = HONEST, instance: str = "default", kind: str = "evaluate", wall_s: float = 20.0) -> Job:
    return Job(kind, {"program.py": program}, "program.py", Instance(instance), Limits(wall_s=wall_s), payload=2.5)


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    (tmp_path / "evaluate.py").write_text(EVALUATE)
    return Setup(str(tmp_path), EVALUATOR, preload=())


def with_executor(setup: Setup, use: Callable[[LocalProcesses], Awaitable[Any]], workers: int = 1) -> Any:
    """Use an executor and make sure that it leaves nothing behind."""

    async def whole() -> Any:
        executor = LocalProcesses(workers=workers)
        try:
            description = await executor.start(setup)
            assert description == Description((Instance("default"),), verify=True)
            return await use(executor)
        finally:
            await executor.close()
            assert not remaining(below(os.getpid()))

    return asyncio.run(whole())


def below(pid: int) -> list[int]:
    """Return the processes under one, but for the helper that Python keeps for its spawned processes."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if b"resource_tracker" not in (entry / "cmdline").read_bytes():
                    parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [pid]
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found[1:]


def remaining(pids: list[int], patience_s: float = 10.0) -> list[int]:
    """Return which processes are still running after some patience."""
    deadline = time.monotonic() + patience_s
    while (alive := [pid for pid in pids if _runs(pid)]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return alive


def wait_for_more_than(known: set[int]) -> None:
    """Wait until another process runs below this one."""
    deadline = time.monotonic() + 30.0
    while not set(below(os.getpid())) - known and time.monotonic() < deadline:
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_jobs_of_every_kind_come_back_with_their_results(setup: Setup) -> None:
    async def use(executor: LocalProcesses) -> None:
        result = await executor.run(job())
        assert result.outcome is not None
        assert result.outcome.score == 2.0
        assert result.outcome.cost.cpu_s > 0.0
        assert (await executor.run(job(kind="verify"))).value == Verdict.ok(2.5)

    with_executor(setup, use)


def test_workers_run_side_by_side_and_never_more_than_there_are(setup: Setup) -> None:
    async def use(executor: LocalProcesses) -> None:
        assert executor.capacity == 2
        results = await asyncio.gather(*(executor.run(job(SLEEPER)) for _ in range(5)))
        assert [result.outcome.score for result in results if result.outcome] == [2.0] * 5
        assert len({result.outcome.feedback for result in results if result.outcome}) == 2

    with_executor(setup, use, workers=2)


def test_by_default_there_is_a_worker_for_each_cpu() -> None:
    assert LocalProcesses().capacity == len(os.sched_getaffinity(0))


def test_one_worker_outlives_many_failing_candidates(setup: Setup) -> None:
    async def use(executor: LocalProcesses) -> None:
        first = (await executor.run(job())).outcome
        for program, status in (
            (ENDLESS, Status.TIMEOUT),
            ("import os\ndef f():\n    os._exit(0)\n", Status.KILLED),
            ("def f(:\n", Status.ERROR),
            ("def f():\n    return bytes(10**11)\n", Status.MEMORY),
        ):
            outcome = (await executor.run(job(program, wall_s=0.5 if program == ENDLESS else 20.0))).outcome
            assert outcome is not None
            assert outcome.status is status
        last = (await executor.run(job())).outcome
        assert first is not None
        assert last is not None
        assert first.feedback == last.feedback

    with_executor(setup, use)


def test_a_worker_that_crashes_is_replaced_and_its_job_done(setup: Setup) -> None:
    async def use(executor: LocalProcesses) -> None:
        result = await executor.run(job(instance="crashes once"))
        assert result.outcome is not None
        assert result.outcome.score == 2.0

    with_executor(setup, use)


def test_a_job_that_always_crashes_its_worker_is_infrastructure(setup: Setup) -> None:
    async def use(executor: LocalProcesses) -> None:
        result = await executor.run(job(instance="crashes"))
        assert result.outcome is not None
        assert result.outcome.status is Status.INFRASTRUCTURE
        assert "died or hung, twice" in result.outcome.feedback
        after = await executor.run(job())
        assert after.outcome is not None
        assert after.outcome.score == 2.0

    with_executor(setup, use)


def test_cancelling_a_job_kills_its_candidate(setup: Setup) -> None:
    async def use(executor: LocalProcesses) -> None:
        await executor.run(job())
        started = set(below(os.getpid()))
        running = asyncio.create_task(executor.run(job(ENDLESS, wall_s=60.0)))
        await asyncio.to_thread(wait_for_more_than, started)
        assert set(below(os.getpid())) - started
        candidates = below(os.getpid())
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert not await asyncio.to_thread(remaining, candidates)
        after = await executor.run(job())
        assert after.outcome is not None
        assert after.outcome.score == 2.0

    with_executor(setup, use)


def test_closing_ends_what_still_runs(setup: Setup) -> None:
    async def use(executor: LocalProcesses) -> asyncio.Task[Any]:
        running = asyncio.create_task(executor.run(job(ENDLESS, wall_s=60.0)))
        await asyncio.sleep(0.2)
        await executor.close()
        with pytest.raises(EvolveError, match="the executor is closed"):
            await running
        return running

    with_executor(setup, use)


def test_a_problem_that_does_not_load_is_told_by_start(tmp_path: Path) -> None:
    for files, said in (
        ({}, "has no evaluate.py"),
        ({"evaluate.py": "1 / 0"}, "evaluate.py:1: ZeroDivisionError"),
        ({"evaluate.py": "def evaluate(c, i): ...", "primitives.py": "import gone"}, "No module named 'gone'"),
    ):
        for name, text in files.items():
            (tmp_path / name).write_text(text)

        async def start() -> None:
            executor = LocalProcesses(workers=1)
            try:
                await executor.start(Setup(str(tmp_path), EVALUATOR, preload=()))
            finally:
                await executor.close()

        with pytest.raises(ProblemError, match=said):
            asyncio.run(start())


ENGINE = """
import asyncio, sys
from evolve.evaluation import Limits
from evolve.instance import Instance
from evolve.interfaces import Job, Setup
from evolve_plugins.executors.local import LocalProcesses

async def main():
    executor = LocalProcesses(workers=2)
    await executor.start(Setup(sys.argv[1], sys.argv[2], preload=()))
    job = Job("evaluate", {"program.py": sys.argv[3]}, "program.py", Instance("default"), Limits(wall_s=300.0))
    await asyncio.gather(executor.run(job), executor.run(job))

asyncio.run(main())
"""


def test_killing_the_engine_leaves_no_worker_zygote_or_candidate(setup: Setup) -> None:
    engine = subprocess.Popen([sys.executable, "-c", ENGINE, setup.folder, EVALUATOR, ENDLESS])
    try:
        deadline = time.monotonic() + 60.0
        while len(started := below(engine.pid)) < 6 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(started) == 6
    finally:
        engine.send_signal(signal.SIGKILL)
        engine.wait()
    assert not remaining(started)
