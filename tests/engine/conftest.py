"""A problem whose programs are tiny, judged inside the test's own process: whole runs cost milliseconds."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evolve.run import Run
from evolve.summary import Summary

TOML = """
[program]
entry = "answer() -> float"
[mutator]
use = "variants"
[executor]
use = "in_process"
[archive]
use = "top_k"
k = 50
[budget]
trials = 60
"""

SEED = """
def answer():
    return 0
"""

PLUGIN = '''
from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field

from evolve import Executor, Instance, Mutator, Outcome, Proposal, Status, hookimpl
from evolve.interfaces import Description, JobResult


def number(*parts):
    """Return a number in [0, 1) that looks random."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=6).digest(), "big") / 2**48


@dataclass
class InProcess(Executor):
    # `noise` is added to scores by the text, so that it is the same in every run; `hidden` is what a probe does not see
    workers: int = 4
    noise: float = 0.0
    hidden: float = 0.0
    probes: bool = False
    hurry: int = 0

    async def start(self, setup):
        return Description((Instance("left"), Instance("right", {"n": 2})), probe=self.probes)

    async def run(self, job):
        text = job.files[job.main]
        await asyncio.sleep(0.002 * number(self.hurry, text, job.kind, job.instance))
        space = {}
        exec(text, space)
        if job.kind == "probe" and space.get("FAILS"):
            said = "  program.py:4 in answer: x\\nValueError: <x at 0x7f00aa10>"
            failed = Outcome.failed(Status(space["FAILS"]), said)
            return JobResult(outcome=failed, error=failed.feedback)
        value = float(space["answer"]())
        if job.kind == "probe":
            return JobResult(value=[value])
        score = value + self.noise * (number(text, job.instance.id) - 0.5) + self.hidden * space.get("SECRET", 0)
        return JobResult(Outcome.ok(score, solution=[value]))

    @property
    def capacity(self):
        return self.workers

    async def close(self):
        pass


@dataclass
class Variants(Mutator):
    # one of `count` answers, in a text of its own; with `same` the parent's own answer
    count: int = 5
    same: bool = False
    secrets: int = 1
    fails: str = ""  # in the probe, with this status

    async def propose(self, parents, context):
        parent = context.trial(parents[0].number if parents else 0)
        rng = context.rng
        secret = f"SECRET = {int(rng.integers(self.secrets))}" if self.secrets > 1 else ""
        secret += f"\\nFAILS = {self.fails!r}" if self.fails else ""
        value = parent.program.text.split("return ")[1].split()[0] if self.same else int(rng.integers(self.count))
        text = f"{secret}\\n# {int(rng.integers(2**40))}\\ndef answer():\\n    return {value}\\n"
        return [Proposal(parent.program.child({"program.py": text}), "variant", (parent.number,))]


@hookimpl
def evolve_executors():
    return {"in_process": InProcess}


@hookimpl
def evolve_mutators():
    return {"variants": Variants}
'''


@pytest.fixture
def small_problem(tmp_path: Path) -> Path:
    """Return the folder of the problem; a test may rewrite its files."""
    folder = tmp_path / "small"
    folder.mkdir()
    for name, text in (("problem.toml", TOML), ("seed.py", SEED), ("plugin.py", PLUGIN)):
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def search(small_problem: Path, tmp_path: Path) -> Callable[..., Summary]:
    """Return a function that searches the problem to the end of its budget."""

    def run(*overrides: str, out: str = "run") -> Summary:
        return asyncio.run(Run.create(str(small_problem), overrides=overrides, out=tmp_path / out).execute())

    return run


@pytest.fixture
def facts(tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that reads a run's events of one kind, each with its trial's number."""

    def read(kind: str, out: str = "run") -> list[dict[str, Any]]:
        database = sqlite3.connect(tmp_path / out / "record.sqlite")
        try:
            rows = database.execute("SELECT trial, body FROM events WHERE kind = ? ORDER BY seq", (kind,)).fetchall()
        finally:
            database.close()
        return [{"trial": trial, **json.loads(body)} for trial, body in rows]

    return read


@pytest.fixture
def whole(tmp_path: Path) -> Callable[[str], list[Any]]:
    """Return a function that reads all that a run decided and found, without times and costs."""

    def read(out: str) -> list[Any]:
        database = sqlite3.connect(tmp_path / out / "record.sqlite")
        left_out = ", ".join(f"'{kind}'" for kind in ("started", "resumed", "cached", "finished"))
        queries = (
            f"SELECT kind, step, trial, closes, body FROM events WHERE kind NOT IN ({left_out}) ORDER BY seq",
            "SELECT * FROM trials ORDER BY number",
            "SELECT * FROM classes ORDER BY key",
            "SELECT trial, place, instance, stage, status, score, solution FROM outcomes ORDER BY trial, place",
        )
        try:
            return [database.execute(query).fetchall() for query in queries]
        finally:
            database.close()

    return read
