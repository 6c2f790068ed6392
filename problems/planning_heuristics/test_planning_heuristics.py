"""The judge of planning heuristics, on both sides of the border, and the relations that programs are made of."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from evolve_problems._shared.planning import DOMAINS, HFF, GoalCount, search
from evolve_problems.planning_heuristics import compare, portfolio
from evolve_problems.planning_heuristics import evaluate as judging
from evolve_problems.planning_heuristics.compare import against
from evolve_problems.planning_heuristics.portfolio import Finalist, choose, cost
from evolve_problems.planning_heuristics.report import baselines, explanation
from evolve_problems.planning_heuristics.tasks import known_task, label, training_ladder

from evolve.errors import ProblemError
from evolve.evaluation import Limits, Outcome
from evolve.instance import Instance
from evolve.interfaces import Job, Setup
from evolve.judge import Judge
from evolve.program import Program
from evolve.run import Run

FOLDER = Path(__file__).parent
CHEATS = sorted((FOLDER / "cheats").glob("*.py"))
SEED = (FOLDER / "seed.py").read_text(encoding="utf-8")
STATEMENT = (FOLDER / "statement.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", STATEMENT, re.DOTALL)
FREE_GOAL_COUNT = "def heuristic(state):\n    return sum(atom not in state['atoms'] for atom in state['goal'])\n"
TOWERS = """
from primitives import both, complement, count, either, goal_role, inverse, plus, role, same, some, concept


def heuristic(state):
    on = role(state, 'on')
    wrong = complement(same(on, goal_role(state, 'on')))
    bad = either(wrong, some(plus(on), wrong))
    return 4 * count(bad) - count(concept(state, 'holding')) - 2 * count(both(bad, concept(state, 'on-table')))
"""


@pytest.fixture(scope="module", params=["blocksworld", "gripper", "logistics"])
def any_judge(request: pytest.FixtureRequest) -> Iterator[tuple[str, Judge]]:
    with Judge(setup(request.param)) as found:
        yield request.param, found


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(setup("blocksworld")) as found:
        yield found


def setup(domain: str) -> Setup:
    return Setup(
        str(FOLDER),
        "evolve_plugins.evaluators.python:PythonEvaluator",
        entry="heuristic(state: State) -> float",
        params={"domain": domain, "expansions": 800},
        preload=("numpy",),
        inline=True,
    )


def judged(judge: Judge, text: str, instance: str, wall_s: float = 20.0) -> Outcome:
    (found,) = [one for one in judge.description.instances if one.id == instance]
    result = judge.run(Job("evaluate", {"program.py": text}, "program.py", found, Limits(wall_s=wall_s)))
    assert not result.error
    assert result.outcome is not None
    return result.outcome


def instance(judge: Judge, name: str) -> Instance:
    return next(one for one in judge.description.instances if one.id == name)


# --- the judge ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CHEATS, ids=lambda path: path.stem)
def test_a_cheat_gets_the_outcome_that_it_names(judge: Judge, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected = text.removeprefix('"""expect ').partition(":")[0]
    outcome = judged(judge, text, "train", wall_s=1.0)
    assert (str(outcome.status), outcome.score) == (expected, None)
    assert outcome.feedback


@pytest.mark.parametrize(
    "slow", ["import time\n\n\ndef heuristic(state):\n    time.sleep(0.05)\n    return 0.0\n", SEED]
)
def test_a_single_search_that_takes_too_long_found_no_plan(judge: Judge, slow: str) -> None:
    name = next(one.id for one in judge.description.instances if one.split == "test")
    outcome = judged(judge, slow, name, wall_s=0.3)
    assert outcome.score == 0.0
    assert outcome.feedback.startswith("solved 0 of 1")


def test_a_search_that_finds_a_plan_is_worth_more_than_any_that_does_not() -> None:
    runs = [(False, 4000), (False, 3), (True, 4000), (True, 10)]
    values = [judging.worth({"solved": solved, "expansions": count, "most": 4000}) for solved, count in runs]
    assert values[0] == values[1] == 0.0
    assert 0.5 <= values[2] < values[3] <= 1.0


def test_the_counts_of_the_seed_are_those_of_a_search_with_goal_count(
    any_judge: tuple[str, Judge],
) -> None:
    domain, judge = any_judge
    outcome = judged(judge, SEED, "train")
    runs = {run["task"]: run for run in outcome.solution}
    for size, seed in training_ladder(domain)[: len(runs)]:
        task = known_task(domain, size, seed).task
        run = runs[label(size, seed)]
        known = search(task, GoalCount(task), run["most"])
        assert (run["solved"], run["expansions"], run["evaluations"], run["plan"]) == (
            known.status == "solved",
            known.expansions,
            known.evaluations,
            list(known.plan),
        )


def test_free_python_and_building_blocks_that_say_the_same_are_judged_alike(judge: Judge) -> None:
    for name in ("tiny", "train"):
        one, other = judged(judge, SEED, name), judged(judge, FREE_GOAL_COUNT, name)
        assert one.score == other.score
        assert one.solution == other.solution


def test_a_ladder_is_given_up_after_two_unsolved_tasks_in_a_row(judge: Judge) -> None:
    outcome = judged(judge, "def heuristic(state):\n    return 0\n", "train")
    assert outcome.metrics["tried"] < len(training_ladder("blocksworld"))
    assert [run["solved"] for run in outcome.solution[-2:]] == [False, False]
    assert "given up" in outcome.feedback


def test_a_good_rule_solves_larger_tasks_than_it_was_trained_on(judge: Judge) -> None:
    outcome = judged(judge, TOWERS, "test-30-209")
    assert outcome.measures["solved"] == 1.0
    assert judged(judge, SEED, "test-30-209").score == 0.0


def test_heuristics_that_order_all_states_alike_share_a_probe(judge: Judge) -> None:
    def probe(text: str) -> Any:
        result = judge.run(Job("probe", {"program.py": text}, "program.py", limits=Limits(wall_s=20.0)))
        assert not result.error
        return result.value

    twice = SEED.replace("return unmet_goals(state)", "return 2 * unmet_goals(state) + 7")
    assert probe(SEED) == probe(twice) == probe(FREE_GOAL_COUNT)
    assert probe(SEED) != probe(SEED.replace("return", "return -1 *"))
    assert probe(SEED) != probe(TOWERS)


def test_the_independent_check_confirms_plans_and_refuses_others(judge: Judge) -> None:
    outcome = judged(judge, TOWERS, "train")
    train = instance(judge, "train")

    def verdict(solution: Any) -> Any:
        result = judge.run(Job("verify", instance=train, payload=solution))
        assert not result.error
        return result.value

    assert verdict(outcome.solution).confirmed
    assert verdict(outcome.solution).value == outcome.score
    first, *others = outcome.solution
    for change in (
        {"plan": first["plan"][:-1]},
        {"plan": [*first["plan"][1:], first["plan"][0]]},
        {"plan": ["(win)"]},
        {"plan": 7},
        {"expansions": -1},
        {"expansions": 1.5},
        {"most": 10**6},
        {"task": "99-9"},
    ):
        assert not verdict([{**first, **change}, *others]).confirmed, change
    for solution in (None, [], "plans", [[]], [{}]):
        assert not verdict(solution).confirmed, solution


def test_a_domain_that_there_is_not_is_a_clear_mistake() -> None:
    with pytest.raises(ProblemError, match="chess"):
        judging.instances(domain="chess")
    with pytest.raises(ProblemError, match="expansions"):
        judging.instances(expansions=True)


def test_no_task_is_in_two_of_training_validation_and_test(judge: Judge) -> None:
    found = [(one.split, tuple(task)) for one in judge.description.instances for task in one.params.get("tasks", ())]
    assert len({task for _, task in found}) == len(found)
    assert {split for split, _ in found} == {"train", "validation", "test"}


# --- the statement --------------------------------------------------------------------------------------------------


def test_the_examples_of_the_statement_guide_search_better_than_goal_count(any_judge: tuple[str, Judge]) -> None:
    domain, judge = any_judge
    examples = {"gripper": EXAMPLES[:2], "logistics": EXAMPLES[2:]}.get(domain, [])
    plain = judged(judge, SEED, "train").score
    assert plain is not None
    for text in examples:
        outcome = judged(judge, text, "train")
        assert outcome.score is not None, outcome.feedback
        assert outcome.score > plain


# --- what people see ------------------------------------------------------------------------------------------------


def test_the_explanation_is_a_short_formula_and_a_table_beside_known_heuristics() -> None:
    padded = SEED.replace(
        "    return unmet_goals(state)",
        "    x = unmet_goals(state)\n    y = 0.5 + x\n    z = y - 0.5\n    return 3 * z + x",
    )
    text = explanation(padded, "blocksworld", 200)
    assert "\nheuristic(state) = unmet_goals(state)\n" in text
    assert all(name in text for name in ("goal count", "h_add", "h_FF"))
    rows = [line.split() for line in text.splitlines() if re.match(r" +\d\d-", line)]
    assert rows
    assert all(row[1] == row[2] == row[3] for row in rows)  # it is the goal count, so it needs as many expansions
    assert "free Python" in explanation(FREE_GOAL_COUNT, "blocksworld", 200)


def test_the_winner_and_its_searches_are_drawn(judge: Judge) -> None:
    outcome = judged(judge, TOWERS, "train")
    train = instance(judge, "train")
    pictures = judge.run(Job("draw", instance=train, payload=outcome.solution)).value
    assert b"<svg" in pictures["svg"]
    results = [
        {"instance": train, "solution": outcome.solution},
        {"instance": instance(judge, "tiny"), "solution": None},
    ]
    assert b"<svg" in judge.run(Job("overview", payload=results)).value["svg"]


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_stored_figures_of_known_heuristics_are_what_search_gives(domain: str) -> None:
    size, seed = training_ladder(domain)[0]
    task = known_task(domain, size, seed).task
    for name, make in {"goal_count": GoalCount, "h_ff": HFF}.items():
        found = search(task, make(task), 2000)
        assert baselines(domain)[label(size, seed)][name] == [found.expansions, found.plan_length]


# --- portfolios -----------------------------------------------------------------------------------------------------


def finalist(number: int, **solved: int) -> Finalist:
    return Finalist(number, Program({"program.py": "pass"}), solved)


def test_a_portfolio_takes_first_who_adds_tasks_and_then_who_saves_expansions() -> None:
    broad = finalist(1, a=100, b=100, c=100)
    twin = finalist(2, a=100, b=100, c=100)
    quick = finalist(3, a=2)
    other = finalist(4, d=900)
    assert [one.trial for one in choose([broad, twin, quick, other], 3)] == [1, 4, 3]
    assert [one.trial for one in choose([broad, twin], 3)] == [1]
    assert choose([], 3) == []


def test_a_portfolio_pays_for_the_members_that_fail_before_one_solves_the_task() -> None:
    assert cost([None, 10], 1000) == 510
    assert cost([600, 10], 1000) == 510
    assert cost([10, None], 1000) == 10
    assert cost([600, 501], 1000) is None


def test_a_task_is_won_by_who_solves_it_or_else_by_who_expands_fewer_and_failures_enter_no_ratio() -> None:
    found = {"a": 10, "b": 40, "c": None, "d": 7, "e": None, "f": 5}
    other = {"a": 20, "b": 10, "c": 30, "d": None, "f": 5}
    assert against(found, other) == (2, 2, 1.0)
    assert against({"a": None}, {}) == (0, 0, None)


@pytest.fixture(scope="module")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("planning") / "run"
    overrides = ["params.expansions=60", "run.workers=1", "run.seed=1"]
    made = Run.create(str(FOLDER), overrides=overrides, extra={"budget": {"trials": 60}}, out=run)
    assert asyncio.run(made.execute([])).status == "finished"
    return run


@pytest.mark.parametrize(("script", "says"), [(portfolio, "of 10"), (compare, "blocksworld     1")])
def test_a_run_can_be_looked_at_afterwards(
    script: ModuleType, says: str, small_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [script.__name__, str(small_run)])
    script.main()
    assert says in capsys.readouterr().out


@pytest.mark.parametrize("script", [portfolio, compare])
def test_a_folder_that_is_no_run_is_one_line(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [script.__name__, str(tmp_path / "none")])
    with pytest.raises(SystemExit):
        script.main()
    assert "none" in capsys.readouterr().err
