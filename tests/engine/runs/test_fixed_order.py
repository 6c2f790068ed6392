"""`order = "fixed"`: equal seeds give equal records, whatever the timing; replay repeats any run."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from evolve.replay import replay


@pytest.mark.parametrize("workers", [2, 4])
def test_the_record_does_not_depend_on_the_number_of_workers(
    execute: Any, logical: Any, tmp_path: Path, workers: int
) -> None:
    for out, count in (("one", 1), ("many", workers)):
        execute("run.order=fixed", f"run.workers={count}", "run.seed=5", "mutator.sigma=0.05", out=out)
    assert logical(tmp_path / "one") == logical(tmp_path / "many")
    assert any(
        kind == "committed" and body["reused_from"] is not None
        for kind, *_, body in logical(tmp_path / "one")["events"]
    )


def test_another_seed_gives_another_run(execute: Any, logical: Any, tmp_path: Path) -> None:
    for seed in (1, 2):
        execute("run.order=fixed", f"run.seed={seed}", "budget.trials=10", out=f"seed{seed}")
    assert logical(tmp_path / "seed1")["trials"] != logical(tmp_path / "seed2")["trials"]


@pytest.mark.parametrize("order", ["completed", "fixed"])
def test_replay_repeats_every_decision_and_every_proposal(execute: Any, tmp_path: Path, order: str) -> None:
    execute(f"run.order={order}", "run.workers=2")
    report = asyncio.run(replay(tmp_path / "run"))
    assert report.differences == []
    assert (report.commits, report.proposals) == (40, 39)
    assert report.decisions > 0


def test_replay_of_the_offline_operators_repeats_them(execute: Any, tmp_path: Path) -> None:
    execute("mutator.use=bandit", 'mutators=[{use="constants"}, {use="ast_edit"}]', "budget.trials=60")
    assert asyncio.run(replay(tmp_path / "run")).differences == []


def test_replay_notices_a_record_that_was_changed(execute: Any, tmp_path: Path) -> None:
    execute()
    database = sqlite3.connect(tmp_path / "run" / "record.sqlite")
    (body,) = database.execute("SELECT body FROM events WHERE kind = 'committed' AND trial = 3").fetchone()
    forged = json.dumps({**json.loads(body), "fitness": 99.0, "score": 99.0})
    database.execute("UPDATE events SET body = ? WHERE kind = 'committed' AND trial = 3", (forged,))
    database.commit()
    database.close()
    report = asyncio.run(replay(tmp_path / "run"))
    assert not report.faithful
    assert any("the record has" in line for line in report.differences)
