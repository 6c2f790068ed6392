"""What a trial of a known class leads to: the policies, the audit, and that none of it depends on the timing."""

from __future__ import annotations

import asyncio
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from evolve import views
from evolve.cli.report import summary_lines
from evolve.errors import ConfigError
from evolve.events import Committed
from evolve.record import reading
from evolve.replay import replay
from evolve.run import Run

POLICIES = {
    "reuse": (),
    "average": ("class_keys.average_up_to=3", "executor.noise=1.0"),
    "forget": ("class_keys.forget=0.3", "executor.noise=1.0"),
    "tabu": ("class_keys.tries=4",),
    "remutate": ("class_keys.tries=4",),
    "reuse, audited": ("class_keys.audit=0.3", "executor.noise=1.0", "mutator.count=2"),
    "average, audited": ("class_keys.audit=0.5", "class_keys.audit_tolerance=0.4", "executor.noise=1.0"),
}


def settings(name: str) -> list[str]:
    return [f"class_keys.policy={name.partition(',')[0]}", *POLICIES[name]]


# --- every policy -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", POLICIES)
def test_a_run_of_fixed_order_does_not_depend_on_the_timing(search: Any, whole: Any, name: str) -> None:
    for hurry, workers in ((1, 1), (2, 4)):
        search(
            *settings(name),
            "run.order=fixed",
            f"executor.hurry={hurry}",
            f"run.workers={workers}",
            "executor.probes=true",
            out=f"r{hurry}",
        )
    assert whole("r1") == whole("r2")


@pytest.mark.parametrize("order", ["completed", "fixed"])
@pytest.mark.parametrize("name", POLICIES)
def test_a_run_can_be_replayed(search: Any, tmp_path: Path, name: str, order: str) -> None:
    search(*settings(name), f"run.order={order}")
    assert asyncio.run(replay(tmp_path / "run")).differences == []


@pytest.mark.parametrize("name", POLICIES)
def test_an_interrupted_run_of_fixed_order_goes_on_as_if_nothing_had_been(
    search: Any, whole: Any, small_problem: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evolve.ledger.TOGETHER_S", 0.0)  # each fact is shown at once, and heard in time
    search(*settings(name), "run.order=fixed", out="straight")
    broken = Run.create(str(small_problem), overrides=[*settings(name), "run.order=fixed"], out=tmp_path / "broken")

    def interrupt(event: object) -> None:
        if isinstance(event, Committed) and event.trial is not None and event.trial.number >= 20:
            broken.request_stop("interrupted")

    assert asyncio.run(broken.execute([interrupt])).status == "interrupted"
    assert asyncio.run(Run.open(tmp_path / "broken").execute()).status == "finished"
    assert fates(whole("broken")) == fates(whole("straight"))


def fates(record: list[Any]) -> Any:
    """Return what became of the trials, and their outcomes."""
    events, trials, classes, outcomes = record
    kinds = ("committed", "audited", "refused")
    return [row for row in events if row[0] in kinds], [row[0:3] for row in trials], classes, outcomes


# --- reuse ------------------------------------------------------------------------------------------------------------


def test_reuse_evaluates_each_class_once(search: Any) -> None:
    found = search()
    assert (found.evaluations, found.reused, found.audited) == (2 * 5, 55, 0)


# --- average ----------------------------------------------------------------------------------------------------------


def test_average_evaluates_a_class_so_often_and_then_reuses_the_mean(search: Any, facts: Any, whole: Any) -> None:
    found = search("class_keys.policy=average", "class_keys.average_up_to=3", "executor.noise=1.0")
    assert found.evaluations == 2 * 3 * 5
    assert found.reused == 60 - 15
    raw: dict[int, list[float]] = defaultdict(list)
    for trial, *_, score, _ in whole("run")[3]:
        raw[trial].append(score)
    for body in facts("committed"):
        members = body.get("averaged", [body["trial"]])
        mean = statistics.fmean(statistics.fmean(raw[number]) for number in members)
        assert body["score"] == pytest.approx(mean)
        assert len(members) == 3 or body["reused_from"] is None


def test_the_variance_of_an_average_falls_with_the_number_of_evaluations(search: Any, facts: Any) -> None:
    def error(times: int) -> float:
        out = f"m{times}"
        search(
            *(
                "class_keys.policy=average",
                f"class_keys.average_up_to={times}",
                "executor.noise=1.0",
                "mutator.count=40",
            ),
            *("budget.trials=900", "run.workers=32", "archive.k=5"),
            out=out,
        )
        ends = {body["class_key"]: body["score"] for body in facts("committed", out)}
        return statistics.fmean((score - round(score)) ** 2 for score in ends.values())

    one, eight = error(1), error(8)
    assert 4.0 < one / eight < 16.0


def test_average_and_a_cache_do_not_go_together(search: Any) -> None:
    with pytest.raises(ConfigError, match=r"class_keys.cache: policy 'average' needs evaluations of its own"):
        search("class_keys.policy=average", "class_keys.cache=shared")


# --- forget -----------------------------------------------------------------------------------------------------------


def test_forget_evaluates_a_share_of_the_hits_anew_and_the_class_has_the_newest(search: Any, facts: Any) -> None:
    found = search("class_keys.policy=forget", "class_keys.forget=0.3", "executor.noise=1.0", "run.order=fixed")
    newest: dict[str, int] = {}
    renewed = 0
    for body in facts("committed"):
        if body["reused_from"] is None:
            renewed += body["class_key"] in newest
            newest[body["class_key"]] = body["trial"]
        assert body["reused_from"] in (None, newest[body["class_key"]])
    assert 5 <= renewed <= 30
    assert found.evaluations == 2 * (5 + renewed)


# --- tabu and remutate ------------------------------------------------------------------------------------------------


def test_tabu_refuses_every_hit_free_of_charge_until_the_tries_are_used_up(search: Any, facts: Any) -> None:
    found = search("class_keys.policy=tabu", "class_keys.tries=4", "run.order=fixed", "budget.trials=20")
    assert (found.trials, found.evaluations) == (20, 2 * 5)
    assert found.refused == len(facts("refused")) >= 4 * found.reused
    assert {body["reason"] for body in facts("refused")} == {"known class"}
    entered = {body["notes"]["entered"] for body in facts("refused")}
    assert not entered & {body["trial"] for body in facts("committed")}


def test_tabu_makes_every_trial_a_new_one_while_there_are_any(search: Any) -> None:
    found = search("class_keys.policy=tabu", "mutator.count=60", "budget.trials=40", "class_keys.tries=500")
    assert (found.trials, found.reused, found.evaluations) == (40, 0, 80)
    assert found.refused > 0


def test_a_tabu_run_that_finds_nothing_new_ends_and_says_so(search: Any) -> None:
    found = search("class_keys.policy=tabu", "class_keys.tries=100000", "budget.trials=40", "run.workers=64")
    assert found.trials == 5
    assert found.reason.endswith("no new program 2000 times in a row, most often because: known class")


def test_remutate_refuses_what_does_the_same_as_its_parent_and_reuses_the_rest(search: Any, facts: Any) -> None:
    found = search("class_keys.policy=remutate", "class_keys.tries=1000", "run.order=fixed")
    names = {body["trial"]: body["class_key"] for body in facts("committed")}
    assert found.reused > 0
    assert found.refused > 0
    with reading(Path(found.run)) as record:
        born = [(number, parents[0]) for number, parents in views.lineage(record) if parents and number in names]
    assert len(born) == 59
    assert not [number for number, parent in born if names[number] == names[parent]]


# --- audit ------------------------------------------------------------------------------------------------------------


def test_an_audit_measures_a_share_of_the_hits_and_finds_honest_classes_right(search: Any, facts: Any) -> None:
    found = search("class_keys.audit=0.2", "budget.trials=200")
    assert 20 <= found.audited <= 60
    assert found.false_merges == 0
    assert found.evaluations == 2 * (5 + found.audited)
    audited = {body["trial"] for body in facts("audited")}
    assert all(body["reused_from"] is None for body in facts("committed") if body["trial"] in audited)


def test_an_audit_exposes_a_probe_that_does_not_see_enough_and_its_keys_merge_nothing_more(
    search: Any, facts: Any
) -> None:
    blind = ("executor.probes=true", "executor.hidden=0.25", "mutator.secrets=4", 'class_keys.levels=["behaviour"]')
    found = search(*blind, "class_keys.audit=0.2", "budget.trials=200", "run.order=fixed")
    assert found.audited >= found.false_merges >= 3
    wrong = {body["key"]: body["trial"] for body in facts("audited") if not body["agrees"]}
    assert all(key.startswith("b:") for key in wrong)
    alone = [body for body in facts("committed") if body["class_key"].startswith("n:")]
    assert len(alone) > 50
    assert all(body["reused_from"] is None for body in alone)
    for body in facts("committed"):
        assert body["class_key"] not in wrong or body["trial"] < wrong[body["class_key"]]


def test_an_audited_trial_keeps_what_was_measured(search: Any, facts: Any, whole: Any) -> None:
    search("class_keys.audit=0.5", "executor.noise=1.0", "mutator.count=2", "run.order=fixed")
    scores = defaultdict(list)
    for trial, *_, score, _ in whole("run")[3]:
        scores[trial].append(score)
    bodies = {body["trial"]: body for body in facts("committed")}
    audited = facts("audited")
    assert audited
    for body in audited:
        assert (body["agrees"], body["compared"]) == (False, 2)
        assert bodies[body["trial"]]["score"] == pytest.approx(statistics.fmean(scores[body["trial"]]))


def test_the_summary_says_how_the_audit_went(search: Any) -> None:
    found = search("class_keys.audit=0.5", "executor.noise=1.0", "mutator.count=2", "run.order=fixed")
    share = 100 * found.false_merges / found.audited
    said = f"audited {found.audited} of the reused, {found.false_merges} false merges ({share:.3g} %)"
    assert any(line.endswith(said) for line in summary_lines(found))
    assert not any("audited" in line for line in summary_lines(search(out="without")))
    assert found.to_plain()["audited"] == found.audited > 0


def test_a_tolerance_says_what_counts_as_equal(search: Any) -> None:
    found = search("class_keys.audit=0.5", "class_keys.audit_tolerance=2.0", "executor.noise=0.5")
    assert found.audited > 10
    assert found.false_merges == 0
