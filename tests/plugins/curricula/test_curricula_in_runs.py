"""Curricula in real runs: mistakes are one line and cost nothing, and timing does not show in a run of fixed order."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from evolve.errors import PluginError
from evolve.events import Event
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


@pytest.mark.parametrize("curriculum", ["drifting", "racing", "regret_replay", "alp_gmm", "self_play"])
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
