"""A cache that runs share: asked before an evaluation, filled after, and needed by nothing that was recorded."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from evolve.cache import Asked, Known, opened
from evolve.cli import cli
from evolve.cli.report import summary_lines
from evolve.errors import ConfigError
from evolve.evaluation import Cost, Limits, Outcome, Status
from evolve.instance import Instance
from evolve.replay import replay
from evolve.run import Run
from evolve.verify import verify_run

SCRIPT = """
import asyncio, sys
from pathlib import Path
from evolve.run import Run

problem, out, seed, cache = sys.argv[1:]
settings = [f"run.seed={seed}", f"class_keys.cache={cache}", "mutator.count=40", "budget.trials=300"]
run = Run.create(problem, overrides=settings, out=Path(out))
sys.stdin.read(1)
found = asyncio.run(run.execute())
print(found.evaluations, found.cached, found.status)
"""


@pytest.fixture
def cache(tmp_path: Path) -> str:
    """Return the folder of a cache that is still to be made."""
    return str(tmp_path / "deep" / "shared")


def entries(cache: str) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(Path(cache) / "outcomes.sqlite")
    try:
        return database.execute("SELECT * FROM outcomes ORDER BY 1, 2, 3, 4, 5").fetchall()
    finally:
        database.close()


def test_a_second_run_evaluates_nothing_that_the_first_one_did(search: Any, cache: str, facts: Any) -> None:
    first = search(f"class_keys.cache={cache}", out="first")
    assert (first.evaluations, first.cached) == (10, 0)
    second = search(f"class_keys.cache={cache}", "run.seed=7", out="second")
    assert (second.evaluations, second.cached, second.trials) == (0, 10, 60)
    assert second.best.claimed == first.best.claimed == 4.0
    sources = {body["source"] for body in facts("cached", "second")}
    assert all(source.startswith("first#") for source in sources)
    assert {body["trial"] for body in facts("cached", "second")} == {
        body["trial"] for body in facts("committed", "second") if body["reused_from"] is None
    }


def test_a_run_of_fixed_order_is_the_same_with_a_warm_cache(search: Any, whole: Any, cache: str) -> None:
    for out in ("cold", "warm"):
        search(f"class_keys.cache={cache}", "run.order=fixed", out=out)
    search("run.order=fixed", out="without")
    assert whole("cold") == whole("warm") == whole("without")


def test_what_came_from_a_cache_is_replayed_resumed_and_shown_without_it(
    search: Any, cache: str, tmp_path: Path
) -> None:
    search(f"class_keys.cache={cache}", out="first")
    before = search(f"class_keys.cache={cache}", "budget.trials=30", "run.order=fixed", out="second")
    shutil.rmtree(cache)
    assert asyncio.run(replay(tmp_path / "second")).differences == []
    extra = {"budget": {"trials": 40}}
    after = asyncio.run(Run.open(tmp_path / "second", extra=extra).execute())
    assert (after.trials, after.cached, after.evaluations) == (40, before.cached, 0)
    assert asyncio.run(verify_run(tmp_path / "second")).passed


def test_a_changed_judge_parameter_or_limit_gets_nothing_of_the_others(
    search: Any, cache: str, small_problem: Path
) -> None:
    search(f"class_keys.cache={cache}", out="first")
    found = [
        search(f"class_keys.cache={cache}", change, out=change)
        for change in ("params.n=3", "limits.wall_s=3", "executor.hurry=0", "program.also_called=['answer']")
    ]
    assert [run.cached for run in found] == [0, 0, 10, 0]
    (small_problem / "rules.py").write_text("RULE = 1\n")
    assert search(f"class_keys.cache={cache}", out="other code").cached == 0


def test_two_processes_fill_and_ask_one_cache_at_once(
    search: Any, small_problem: Path, tmp_path: Path, cache: str
) -> None:
    script = tmp_path / "search.py"
    script.write_text(SCRIPT)
    started = [
        subprocess.Popen(
            [sys.executable, str(script), str(small_problem), str(tmp_path / f"p{seed}"), str(seed), cache],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in (1, 2)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go")
        process.stdin.flush()
    answers = [process.communicate() for process in started]
    assert [errors for _, errors in answers] == ["", ""]
    counts = [answer.split() for answer, _ in answers]
    assert [status for _, _, status in counts] == ["finished", "finished"]
    assert [int(paid) + int(cached) for paid, cached, _ in counts] == [80, 80]
    assert sum(int(cached) for _, cached, _ in counts) > 0
    third = search(f"class_keys.cache={cache}", "mutator.count=40", "budget.trials=300", "run.seed=3", out="third")
    assert (third.evaluations, third.cached) == (0, 80)


def test_an_audit_that_finds_a_false_merge_closes_the_key_for_all_runs(search: Any, cache: str) -> None:
    blind = ("executor.probes=true", "executor.hidden=0.25", "mutator.secrets=4", 'class_keys.levels=["behaviour"]')
    first = search(*blind, f"class_keys.cache={cache}", "class_keys.audit=0.5", "budget.trials=100", out="first")
    assert first.false_merges >= 5
    second = search(*blind, f"class_keys.cache={cache}", out="second")
    assert second.cached == 0


# --- audits of what comes out of it ----------------------------------------------------------------------------------

WIDE = ("mutator.count=100", "budget.trials=250")  # so that most trials are the first of their class in the run


def test_a_share_of_what_another_run_paid_for_is_evaluated_all_the_same_and_counted(
    search: Any, cache: str, facts: Any
) -> None:
    search(f"class_keys.cache={cache}", *WIDE, "budget.trials=600", out="first")
    found = search(f"class_keys.cache={cache}", *WIDE, "class_keys.audit=0.3", "run.seed=7", out="second")
    checked = [body for body in facts("audited", "second") if body["leader"] == -1]
    classes = len({body["class_key"] for body in facts("committed", "second")})
    assert found.audited_cached == len(checked)
    assert 0.15 * classes < len(checked) < 0.45 * classes
    assert {body["compared"] for body in checked} == {2}
    assert all(body["source"].startswith("first#") for body in checked)
    assert found.false_merges == 0
    assert found.evaluations == 2 * found.audited
    assert found.cached == 2 * (classes - len(checked))
    said = (
        f"audited {found.audited - len(checked)} of the reused and {len(checked)} of the cached, 0 false merges (0 %)"
    )
    assert any(line.endswith(said) for line in summary_lines(found))


@pytest.mark.parametrize("order", ["completed", "fixed"])
def test_an_audit_of_the_cache_finds_a_false_merge_and_closes_the_key_here_and_for_all_runs(
    search: Any, cache: str, facts: Any, order: str
) -> None:
    blind = ("executor.probes=true", "executor.hidden=0.25", "mutator.secrets=2", 'class_keys.levels=["behaviour"]')
    search(*blind, f"class_keys.cache={cache}", *WIDE, out="first")
    audited = ("class_keys.audit=0.5", "run.seed=7", f"run.order={order}")
    second = search(*blind, f"class_keys.cache={cache}", *WIDE, *audited, out="second")
    wrong = {body["key"]: body for body in facts("audited", "second") if not body["agrees"] and body["leader"] == -1}
    assert len(wrong) > 5
    assert second.false_merges >= len(wrong)
    alone = [body for body in facts("committed", "second") if body["trial"] in {b["trial"] for b in wrong.values()}]
    assert all(body["class_key"] == f"n:{body['trial']}" for body in alone)
    with opened(Path(cache), "any", "reader") as reader:
        assert reader is not None
        closed = {key for (key,) in reader.database.execute("SELECT key FROM distrusted")}
    assert closed >= set(wrong)


def test_a_run_of_fixed_order_that_audits_its_cache_is_the_same_whatever_the_timing(
    search: Any, whole: Any, cache: str, tmp_path: Path
) -> None:
    blind = ("executor.probes=true", "executor.hidden=0.25", "mutator.secrets=3", 'class_keys.levels=["behaviour"]')
    search(*blind, f"class_keys.cache={cache}", "mutator.count=20", out="first")
    for workers in (1, 4):
        copy = str(tmp_path / f"copy{workers}")
        shutil.copytree(cache, copy)
        audited = ("class_keys.audit=0.5", f"class_keys.cache={copy}", "run.order=fixed", f"run.workers={workers}")
        search(*blind, *audited, "mutator.count=20", "run.seed=5", out=f"w{workers}")
    assert whole("w1") == whole("w4")
    assert asyncio.run(replay(tmp_path / "w4")).differences == []


# --- the cache alone --------------------------------------------------------------------------------------------------

ASKED = Asked(("t:1", "s:2", "d:4", "b:3"), Instance("a", {"n": 1}), "main", Limits())
OUTCOME = Outcome(Status.OK, 1.5, {"m": 2.0}, {"x": 3.0}, "well", [1, [2.5]], Cost(1.0, 2.0, 3, 4.0), 1)


def test_an_outcome_is_found_by_any_of_its_keys_and_costs_no_seconds(tmp_path: Path) -> None:
    with opened(tmp_path, "p", "one") as writer, opened(tmp_path, "p", "two") as reader:
        assert writer is not None
        assert reader is not None
        assert reader.find(ASKED) is None
        writer.keep(ASKED, OUTCOME, 7)
        reader.keep(ASKED, replace(OUTCOME, score=9.0), 1)
        for key in ASKED.keys:
            found = reader.find(replace(ASKED, keys=("t:new", key)))
            assert found is not None
            assert found == Known(replace(OUTCOME, cost=Cost(0.0, 0.0, 3, 4.0)), found.key, "one#7")
            assert found.key in ASKED.keys
        reader.distrust("b:3")
        assert writer.find(replace(ASKED, keys=("b:3",))) is None
        assert writer.find(ASKED) is not None


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, keys=("t:2",)),
        replace(ASKED, instance=Instance("a", {"n": 2})),
        replace(ASKED, instance=Instance("b", {"n": 1})),
        replace(ASKED, stage="last"),
        replace(ASKED, limits=Limits(wall_s=9.0)),
    ],
)
def test_other_circumstances_are_another_entry(tmp_path: Path, other: Asked) -> None:
    with opened(tmp_path, "p", "one") as cache, opened(tmp_path, "q", "two") as stranger:
        assert cache is not None
        assert stranger is not None
        cache.keep(ASKED, OUTCOME, 0)
        assert cache.find(other) is None
        assert stranger.find(ASKED) is None


@pytest.mark.parametrize("status", Status)
def test_only_outcomes_that_would_come_out_the_same_elsewhere_are_kept(tmp_path: Path, status: Status) -> None:
    outcome = OUTCOME if status is Status.OK else Outcome.failed(status, "why")
    with opened(tmp_path, "p", "one") as cache:
        assert cache is not None
        cache.keep(replace(ASKED, keys=("p:plugin", "n:4", "t:1")), outcome, 0)
    lasting = status in (Status.OK, Status.INVALID, Status.ERROR)
    assert [row[1] for row in entries(str(tmp_path))] == (["t:1"] if lasting else [])


def test_a_cache_that_breaks_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with opened(tmp_path, "p", "one") as cache:
        assert cache is not None
        cache.database.execute("DROP TABLE outcomes")
        cache.keep(ASKED, OUTCOME, 0)
        assert cache.find(ASKED) is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_folder_that_cannot_be_a_cache_is_one_line(tmp_path: Path, search: Any) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ConfigError, match=r"class_keys.cache: cannot use .*taken.*choose another --cache"):
        search(f"class_keys.cache={tmp_path / 'taken'}")


def test_the_command_line_shares_a_cache_and_says_what_came_from_it(
    small_problem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    printed = [
        CliRunner().invoke(cli, ["run", str(small_problem), "--quiet", "--cache", "shared", "--out", out])
        for out in ("one", "two")
    ]
    assert [result.exit_code for result in printed] == [0, 0]
    assert "cache" not in printed[0].output
    assert "cache       10 outcomes were paid for by other runs" in printed[1].output
    assert (tmp_path / "shared" / "outcomes.sqlite").is_file()
    budget = ["--budget", "70trials", "--quiet", "--cache", "other"]
    assert CliRunner().invoke(cli, ["resume", "one", *budget]).exit_code == 0
    assert (tmp_path / "other" / "outcomes.sqlite").is_file()
