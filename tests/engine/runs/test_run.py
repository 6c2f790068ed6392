"""Whole runs of a tiny problem through the real engine, workers and sandbox."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from evolve.errors import ConfigError, LedgerError, ProblemError
from evolve.events import Committed, Finished, Started
from evolve.replay import replay
from evolve.run import Run
from evolve.summary import list_trials
from evolve.verify import verify_run


def test_a_run_ends_at_its_trials_with_the_reason_and_a_certified_best(execute: Any, tmp_path: Path) -> None:
    seen: list[Any] = []
    found = execute(observers=[seen.append])
    assert (found.status, found.reason, found.trials) == ("finished", "budget spent: 40 trials", 40)
    assert isinstance(seen[0], Started)
    assert isinstance(seen[-1], Finished)
    assert sum(isinstance(event, Committed) for event in seen) == 40
    assert found.best is not None
    assert found.best.status == "certified"
    assert found.best.certified == found.best.claimed > -1.4
    assert Path(found.best.program).read_text().startswith("\ndef answer")
    solution = json.loads(Path(found.best.solution).read_text())
    assert set(solution) == {"left", "right"}
    listed = list(list_trials(tmp_path / "run"))
    assert next(trial["number"] for trial in listed if trial["claimed"] == found.best.claimed) == found.best.trial


def test_the_evaluation_budget_is_met_to_the_evaluation(execute: Any) -> None:
    found = execute("budget.evaluations=17", "budget.trials=1000")
    assert (found.evaluations, found.reason) == (17, "budget spent: 17 evaluations")


def test_a_smaller_score_is_better_when_the_problem_says_so(execute: Any, problem: Path) -> None:
    (problem / "evaluate.py").write_text((problem / "evaluate.py").read_text().replace("-abs(", "abs("))
    found = execute("problem.direction=minimise")
    assert found.best.claimed < 1.3


def test_a_trial_below_the_bar_of_a_stage_goes_no_further(execute: Any, rows: Any, tmp_path: Path) -> None:
    stages = 'stages=[{name="first", instances=["left"], min_score=-1.5}, {name="last", instances=["right"]}]'
    execute(stages)
    judged = rows(tmp_path / "run", "SELECT trial, score FROM outcomes WHERE stage = 'first'")
    climbed = {trial for (trial,) in rows(tmp_path / "run", "SELECT trial FROM outcomes WHERE stage = 'last'")}
    assert climbed == {trial for trial, score in judged if score >= -1.5}
    assert 0 < len(climbed) < len(judged)


@pytest.mark.parametrize(("extra", "again"), [("", False), (", wall_s=9.0", True)])
def test_what_a_lower_stage_judged_within_the_same_limits_is_not_judged_again(
    extra: str, again: bool, execute: Any, rows: Any, tmp_path: Path
) -> None:
    stages = f'stages=[{{name="first", instances=["left"], min_score=-1.5}}, {{name="all"{extra}}}]'
    found = execute(stages)
    run = tmp_path / "run"
    both = "outcomes l JOIN outcomes h USING (trial, instance) WHERE l.stage = 'first' AND h.stage = 'all'"
    pairs = list(rows(run, f"SELECT l.score, h.score, l.solution = h.solution, h.cpu_s FROM {both}"))
    assert pairs
    assert all(low == high and same for low, high, same, _ in pairs)
    assert all((cpu > 0.0) is again for *_, cpu in pairs)
    ((judged,),) = rows(run, "SELECT count(*) FROM outcomes")
    assert found.evaluations == judged - (0 if again else len(pairs))
    assert found.best.certified == found.best.claimed
    assert asyncio.run(replay(run)).faithful


def test_what_a_lower_stage_judged_is_not_judged_again_when_a_strategy_asks_for_the_higher_one(
    execute: Any, rows: Any, tmp_path: Path
) -> None:
    stages = 'stages=[{name="first", instances=["left"]}, {name="all"}]'
    execute(stages, 'strategy={use="funnel", strategy={use="steady_state", archive={use="top_k"}}}', "archive=none")
    both = "outcomes l JOIN outcomes h USING (trial, instance) WHERE l.stage = 'first' AND h.stage = 'all'"
    pairs = list(rows(tmp_path / "run", f"SELECT l.score, h.score, l.solution = h.solution, h.cpu_s FROM {both}"))
    assert len(pairs) > 3
    assert all(low == high and same and cpu == 0.0 for low, high, same, cpu in pairs)
    assert asyncio.run(replay(tmp_path / "run")).faithful


def variants(template: str, count: int) -> str:
    return "mutator.texts=" + json.dumps([template.format(i=i) for i in range(count)])


def test_a_hundred_identical_proposals_cost_one_evaluation_per_instance(execute: Any) -> None:
    found = execute(
        "mutator.use=variants", variants("def answer(shift):\n    return 2.0 + shift\n", 1), "budget.trials=101"
    )
    assert (found.evaluations, found.reused) == (4, 99)
    assert found.saved_cpu_s > 0


def test_a_hundred_renamed_recommented_and_reordered_variants_cost_one_evaluation_per_instance(execute: Any) -> None:
    template = (
        "import {first}\nimport {second}\n\n# comment {i}\ndef answer(shift):\n"
        '    """Say {i}."""\n    value_{i} = math.floor(2.5)\n    unused_{i} = {i}\n    return value_{i} + shift\n'
    )
    orders = (("json", "math"), ("math", "json"))
    texts = [template.format(i=i, first=first, second=second) for i in range(50) for first, second in orders]
    found = execute("mutator.use=variants", "mutator.texts=" + json.dumps(texts), "budget.trials=101")
    assert (found.evaluations, found.reused) == (4, 99)


def test_proposals_that_are_refused_cost_nothing_and_end_the_run_when_there_is_nothing_else(execute: Any) -> None:
    found = execute("mutator.use=never")
    assert found.trials == 1
    assert "no new program 2000 times in a row" in found.reason


def test_candidates_that_loop_for_ever_are_stopped_and_the_run_ends(execute: Any, rows: Any, tmp_path: Path) -> None:
    good = [f"def answer(shift):\n    return 2.{i} + shift\n" for i in range(8)]
    bad = [f"def answer(shift):\n    while shift > {i} - 9:\n        pass\n" for i in range(2)]
    found = execute(
        "mutator.use=variants", "mutator.texts=" + json.dumps(good + bad), "limits.wall_s=0.5", "budget.trials=60"
    )
    assert found.reason == "budget spent: 60 trials"
    statuses = dict(rows(tmp_path / "run", "SELECT status, count(*) FROM outcomes GROUP BY status"))
    assert statuses == {"ok": 2 * (len(good) + 1), "timeout": len(bad)}


def test_a_strategy_may_make_retire_measure_and_finish_without_any_help_of_the_core(
    execute: Any, tmp_path: Path
) -> None:
    found = execute("strategy.use=scripted", "archive=none")
    assert found.reason == "the strategy finished: seen enough"
    listed = list(list_trials(tmp_path / "run"))
    assert [trial["status"] for trial in listed] == ["ok", "entered"]


def test_what_was_found_on_an_instance_that_is_retired_now_is_still_verified(execute: Any, tmp_path: Path) -> None:
    found = execute("strategy.use=scripted", "archive=none")
    assert found.best.trial == 0
    report = asyncio.run(verify_run(tmp_path / "run"))
    assert {check.instance for check in report.checks} == {"left", "right"}
    assert report.confirmed


def test_one_trial_may_be_measured_by_several_actions_at_once_and_each_instance_once(
    execute: Any, rows: Any, tmp_path: Path
) -> None:
    found = execute("strategy.use=probing", "archive=none", "run.workers=2", "run.in_flight=4")
    assert found.reason == "the strategy finished: seen enough"
    measured = rows(tmp_path / "run", "SELECT instance FROM outcomes WHERE trial = 1 ORDER BY instance")
    assert measured == [("left",), ("made",), ("right",)]
    assert asyncio.run(replay(tmp_path / "run")).differences == []


def test_an_outcome_that_a_crash_kept_from_the_strategy_is_not_paid_for_again(
    execute: Any, rows: Any, tmp_path: Path
) -> None:
    execute("strategy.use=scripted", "archive=none")
    database = sqlite3.connect(tmp_path / "run" / "record.sqlite")
    database.execute("DELETE FROM events WHERE seq >= (SELECT min(seq) FROM events WHERE kind = 'measured')")
    database.commit()
    database.close()
    before = rows(tmp_path / "run", "SELECT * FROM outcomes ORDER BY trial, place")
    resumed = asyncio.run(Run.open(tmp_path / "run").execute())
    assert resumed.reason == "the strategy finished: seen enough"
    assert rows(tmp_path / "run", "SELECT * FROM outcomes ORDER BY trial, place") == before


def test_a_program_of_several_files_is_judged_as_a_whole(execute: Any, problem: Path) -> None:
    (problem / "seed.py").unlink()
    (problem / "seed" / "parts").mkdir(parents=True)
    (problem / "seed" / "program.py").write_text(
        "from parts.base import BASE\n\ndef answer(shift):\n    return BASE + shift\n"
    )
    (problem / "seed" / "parts" / "__init__.py").write_text("")
    (problem / "seed" / "parts" / "base.py").write_text("BASE = 2.5\n")
    found = execute("program.seed=seed", "budget.trials=1")
    assert found.best.claimed == pytest.approx(-(0.5 + 0.25) / 2)
    assert (Path(found.run) / "best" / "parts" / "base.py").read_text() == "BASE = 2.5\n"


def test_a_seed_that_fails_is_one_line_that_says_how(execute: Any, problem: Path) -> None:
    (problem / "seed.py").write_text("def answer(shift):\n    return 1 / 0\n")
    with pytest.raises(ProblemError, match=r"the seed program is not valid \(error\): .*ZeroDivisionError"):
        execute()
    assert not (problem.parent / "run").exists()


def test_an_evaluator_calls_only_functions_that_the_problem_names(execute: Any, problem: Path) -> None:
    (problem / "seed.py").write_text(
        "def answer(shift):\n    return twice(shift)\n\n\ndef twice(x):\n    return 2 * x\n"
    )
    judge = (problem / "evaluate.py").read_text()
    (problem / "evaluate.py").write_text(judge.replace('candidate.call("answer"', 'candidate.call("twice"'))
    with pytest.raises(ProblemError, match=r"the evaluator calls 'twice', .* set program.also_called = \['twice'\]"):
        execute()
    assert execute('program.also_called=["twice"]', "budget.trials=1").best.claimed == pytest.approx(-2.75)


def test_a_stage_that_matches_no_instance_is_refused(execute: Any) -> None:
    with pytest.raises(ConfigError, match="'middle' matches no instance; there are left, right"):
        execute('stages=[{name="only", instances=["middle"]}]')


def test_an_interrupted_run_says_so_and_goes_on_where_it_was(problem: Path, tmp_path: Path) -> None:
    run = Run.create(str(problem), out=tmp_path / "run")

    def interrupt(event: object) -> None:
        if isinstance(event, Committed) and event.trial is not None and event.trial.number == 9:
            run.request_stop("interrupted")

    stopped = asyncio.run(run.execute([interrupt]))
    assert (stopped.status, stopped.reason) == ("interrupted", "interrupted")
    assert stopped.trials < 40
    resumed = asyncio.run(Run.open(tmp_path / "run").execute())
    assert (resumed.status, resumed.trials) == ("finished", 40)


def test_a_run_whose_problem_changed_is_not_resumed(execute: Any, problem: Path, tmp_path: Path) -> None:
    execute("budget.trials=3")
    with (problem / "evaluate.py").open("a") as file:
        file.write("\n# stricter now\n")
    with pytest.raises(LedgerError, match=r"code changed since this run began \(evaluate.py"):
        Run.open(tmp_path / "run")


def test_a_run_folder_is_used_once(execute: Any) -> None:
    execute("budget.trials=1")
    with pytest.raises(LedgerError, match="already holds a run; go on with `evolve resume"):
        execute("budget.trials=1")
