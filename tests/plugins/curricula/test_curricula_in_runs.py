"""Curricula in real runs: mistakes are one line and cost nothing, and timing does not show in a run of fixed order."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from evolve.errors import PluginError
from evolve.events import Event, InstanceRetired, Resumed
from evolve.replay import replay
from evolve.run import Run

STAGES = "stages=[{name='first', instances=['i0']}, {name='second', instances=['i*']}]"
LOGICAL = "SELECT trial, place, instance, status, score FROM outcomes ORDER BY trial, place"


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("nothing", "sample returned []"),
        ("none", "sample returned None"),
        ("names", "sample returned 'i1', which it was not given"),
        ("foreign", "sample returned Instance(id='i99'"),
        ("twice", "sample returned 'i0' more than once"),
    ],
)
def test_a_wrong_sample_is_one_line_and_what_was_found_is_kept(
    execute: Any, rows: Any, tmp_path: Path, how: str, said: str
) -> None:
    with pytest.raises(PluginError) as caught:
        execute(f"curriculum={{use='wrong', how='{how}'}}", "run.in_flight=1")
    assert str(caught.value).startswith(f"curriculum Wrong: {said}")
    assert str(caught.value).endswith("return some of i0, i1, i2, i3, i4, i5, i6, i7, i8, i9, each once")
    assert rows(tmp_path / "run", "SELECT count(*) FROM events WHERE kind = 'committed'") == [(3,)]
    assert (tmp_path / "run" / "best").is_dir()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("none", "returned None; return a list of actions such as [MakeInstance(instance)]"),
        ("names", "wants str: 'i1' is no action; there are MakeInstance, Retire"),
        ("proposal", "wants Propose: Propose(parents=(0,)"),
        ("again", "wants MakeInstance: there is an instance 'i1' already"),
        ("nameless", "wants MakeInstance: an instance needs a name, not ''"),
        ("array", "wants MakeInstance: the parameters of instance 'new' are no plain data"),
        ("unknown", "wants Retire: there is no active instance 'i77'"),
        ("raises", "raised KeyError: 'shift' (plugin.py:"),
    ],
)
def test_an_invalid_instance_is_one_line_and_what_was_found_is_kept(
    execute: Any, rows: Any, tmp_path: Path, how: str, said: str
) -> None:
    with pytest.raises(PluginError) as caught:
        execute(f"curriculum={{use='revising', how='{how}'}}", "run.in_flight=1")
    assert str(caught.value).startswith(f"Revising.revise {said}")
    assert "\n" not in str(caught.value)
    assert rows(tmp_path / "run", "SELECT count(*) FROM events WHERE kind = 'committed'") == [(3,)]
    assert (tmp_path / "run" / "best").is_dir()


def test_outcomes_that_a_strategy_asks_for_later_reach_a_curriculum(folder: Path, tmp_path: Path) -> None:
    overrides = ("curriculum=noting", "strategy={use='measuring'}", "budget.trials=3")
    run = Run.create(str(folder), overrides=overrides, out=tmp_path / "run")
    asyncio.run(run.execute())
    assert run.loop is not None
    told: Any = run.loop.parts.curriculum
    seed = [("trial", 0), *((0, f"i{n}", n / 10, "main", 10) for n in range(10))]
    later = [item for n in (1, 2) for item in (("trial", n), (n, "i3", 0.3, "", 1), (n, "i4", 0.4, "", 2))]
    assert told.told == [*seed, *later][: len(told.told)]
    assert (1, "i4", 0.4, "", 2) in told.told
    again = Run.open(tmp_path / "run", extra={"budget": {"trials": 4}})
    asyncio.run(again.execute())
    assert again.loop is not None
    rebuilt: Any = again.loop.parts.curriculum
    assert rebuilt.told[: len(told.told)] == told.told  # a resumed run feeds it the same facts
    assert len(rebuilt.told) > len(told.told)


MAKING = "{use='alp_gmm', every=20, ranges={shift=[0.0, 1.0]}}"


def test_a_curriculum_makes_instances_that_are_recorded_judged_on_and_retired(
    execute: Any, rows: Any, tmp_path: Path
) -> None:
    stages = "stages=[{name='lesson', instances=['*']}, {name='exam', instances=['i[0-2]']}]"
    found = execute(f"curriculum={MAKING}", stages, "budget.trials=40", "run.in_flight=2")
    assert found.trials == 40
    where = tmp_path / "run"
    bodies = [json.loads(body) for (body,) in rows(where, "SELECT body FROM events WHERE kind = 'instance'")]
    shifts = [body["params"]["shift"] for body in bodies]
    assert len(set(shifts)) > 40
    assert all(0.0 <= shift <= 1.0 for shift in shifts)
    lessons = rows(where, "SELECT instance FROM outcomes WHERE stage = 'lesson' AND trial > 1")
    assert {name for (name,) in lessons} <= {body["id"] for body in bodies}
    assert len(set(lessons)) > 30
    exams = rows(where, "SELECT trial, count(*) FROM outcomes WHERE stage = 'exam' GROUP BY trial")
    assert {count for _, count in exams} == {3}
    (retired,) = rows(where, "SELECT count(*) FROM events WHERE kind = 'retired'")[0]
    assert len(bodies) - retired == 16
    assert asyncio.run(replay(where)).differences == []
    database = sqlite3.connect(where / "record.sqlite")
    database.execute("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events WHERE kind = 'retired')")
    database.commit()
    database.close()
    assert "the curriculum wants ('retired'" in asyncio.run(replay(where)).differences[0]


def test_a_run_whose_curriculum_makes_instances_goes_on_where_it_was(folder: Path, tmp_path: Path, rows: Any) -> None:
    overrides = (f"curriculum={MAKING}", "budget.trials=30", "run.in_flight=2")
    run = Run.create(str(folder), overrides=overrides, out=tmp_path / "run")

    def stop(event: Event) -> None:
        if isinstance(event, InstanceRetired):
            run.request_stop("enough")

    asyncio.run(run.execute([stop]))
    assert run.loop is not None
    before = set(run.loop.state.instances)
    again = Run.open(tmp_path / "run", extra={"budget": {"trials": 30}})
    seen: list[set[str]] = []

    def look(event: Event) -> None:
        if isinstance(event, Resumed) and again.loop is not None:
            seen.append(set(again.loop.state.instances))

    summary = asyncio.run(again.execute([look]))
    assert seen == [before]
    assert summary.trials == 30
    assert asyncio.run(replay(tmp_path / "run")).differences == []


@pytest.mark.parametrize("curriculum", ["drifting", "racing", "regret_replay", "alp_gmm", MAKING, "self_play"])
def test_a_run_of_fixed_order_chooses_alike_whatever_the_number_of_workers(
    execute: Any, rows: Any, tmp_path: Path, curriculum: str
) -> None:
    for workers in (1, 2):
        execute(f"curriculum={curriculum}", STAGES, "run.order=fixed", f"run.workers={workers}", out=f"w{workers}")
    assert rows(tmp_path / "w1", LOGICAL) == rows(tmp_path / "w2", LOGICAL)


def test_a_run_that_was_stopped_in_the_middle_of_a_trial_goes_on_with_its_instances(
    folder: Path, tmp_path: Path, rows: Any
) -> None:
    run = Run.create(str(folder), overrides=("curriculum=drifting", "run.workers=2"), out=tmp_path / "run")

    def stop(event: Event) -> None:
        if rows(tmp_path / "run", "SELECT count(*) FROM outcomes")[0][0] >= 14:
            run.request_stop("enough")

    asyncio.run(run.execute([stop]))
    before = rows(tmp_path / "run", LOGICAL)
    summary = asyncio.run(Run.open(tmp_path / "run").execute())
    after = rows(tmp_path / "run", LOGICAL)
    assert set(before) <= set(after)
    assert summary.trials == 12
    counts = rows(tmp_path / "run", "SELECT count(*) FROM outcomes GROUP BY trial")
    assert counts == [(4,)] * 12
