"""Optimizer search on the far side of the real border: what the judge accepts, and who loses to AdamW."""

from __future__ import annotations

import inspect
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from evolve_problems.optimizer_search import language, report, suites
from evolve_problems.optimizer_search.rivals import RIVALS

from evolve.evaluation import Limits, Outcome
from evolve.fingerprint import behaviour_key
from evolve.instance import Instance
from evolve.interfaces import Job, Setup
from evolve.judge import Judge

FOLDER = Path(__file__).parent
CHEATS = sorted((FOLDER / "cheats").glob("*.py"))
SEED = (FOLDER / "seed.py").read_text(encoding="utf-8")
LIMITS = Limits(wall_s=60.0, memory_mb=512, result_mb=4)
DIGITS = 17
HEAD = "from primitives import *\n\ndef update(w, g, lr, v1, v2):\n"


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    evaluator = "evolve_plugins.evaluators.python:PythonEvaluator"
    with Judge(Setup(str(FOLDER), evaluator, entry=language.ENTRY, inline=True)) as found:
        yield found


def judged(judge: Judge, text: str, task: str = "smoke") -> Outcome:
    result = judge.run(Job("evaluate", {"program.py": text}, "program.py", Instance(task), LIMITS))
    assert not result.error
    assert result.outcome is not None
    return result.outcome


def behaviour(judge: Judge, body: str) -> str:
    text = HEAD + "".join(f"    {line}\n" for line in body.split("; "))
    answer = judge.run(Job("probe", {"program.py": text}, "program.py", limits=LIMITS))
    assert not answer.error
    return behaviour_key(answer.value, DIGITS)


@pytest.mark.parametrize("path", CHEATS, ids=lambda path: path.stem)
def test_a_cheat_is_refused_or_loses_to_adamw(judge: Judge, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected = text.removeprefix('"""expect ').partition(":")[0]
    outcome = judged(judge, text)
    if expected == "worse":
        assert outcome.score is not None
        assert outcome.score < 0.5
    else:
        assert (str(outcome.status), outcome.score) == (expected, None)
    assert outcome.feedback


@pytest.mark.parametrize("name", ["sine_of_weights", "sine_and_descent", "shrink_to_zero", "stand_still"])
@pytest.mark.parametrize("task", [task.id for task in suites.TRAIN])
def test_a_trick_that_does_not_look_at_gradients_wins_on_no_training_task(judge: Judge, name: str, task: str) -> None:
    trick = judged(judge, (FOLDER / "cheats" / f"{name}.py").read_text(encoding="utf-8"), task).score
    assert trick is not None
    assert trick < 0.6 * (judged(judge, SEED, task).score or 0.0)


@pytest.mark.parametrize("task", [task.id for task in suites.TRAIN])
def test_adamw_as_in_textbooks_scores_about_1_on_every_task(judge: Judge, task: str) -> None:
    outcome = judged(judge, SEED, task)
    assert outcome.score is not None
    assert 0.85 < outcome.score <= 1.0
    assert outcome.metrics["best_progress"] == pytest.approx(1.0, abs=0.06)


def test_a_program_is_judged_the_same_in_the_judge_itself_and_in_the_sandbox(judge: Judge) -> None:
    inside = judged(judge, SEED)
    outside = judged(judge, SEED + "\nTHIS_IS_NO_STRAIGHT_LINE = True\n")
    assert (inside.rung, outside.rung > 0) == (0, True)
    assert inside.score == pytest.approx(outside.score, rel=1e-9)


def test_divergence_is_the_worst_score_and_not_an_error(judge: Judge) -> None:
    outcome = judged(judge, HEAD + "    return g * -1000.0, v1, v2\n")
    assert (outcome.score, outcome.metrics["diverged"]) == (-1.0, 2.0)


def test_a_rule_that_hangs_on_one_learning_rate_is_worse_than_one_that_does_not(judge: Judge) -> None:
    steady = judged(judge, SEED, "train-quadratic")
    brittle = judged(judge, HEAD + "    return g * lr * 30.0, v1, v2\n", "train-quadratic")
    assert brittle.measures["sensitivity"] > 3 * steady.measures["sensitivity"]
    assert brittle.score is not None
    assert brittle.score < brittle.metrics["best_progress"] - 0.05


def test_what_a_slot_that_reaches_no_update_does_makes_no_difference(judge: Judge) -> None:
    plain = "return g * lr, 0.0, 0.0"
    wild = "return g * lr, exp(v1 + 700.0), divide(v2 - v2, v2 - v2)"
    assert judged(judge, HEAD + f"    {plain}\n").score == judged(judge, HEAD + f"    {wild}\n").score
    assert behaviour(judge, plain) == behaviour(judge, wild)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "m = interp(g, v1, 0.9); return sign(m), m, 0.0",
            "m = interp(g, v1, 0.9); return divide(m, sqrt(m * m)), m, 0.0",
        ),
        ("return g * lr, g, g", "return lr * g, w, v1"),
        ("m = v2 * 0.9 + g; return m, 0.0, m", "m = g + v1 * 0.9; return m, m, 1.0"),
        ("return absolute(g), v1, v2", "return sqrt(square(g)), v1, v2"),
    ],
)
def test_rules_that_do_the_same_share_a_class(judge: Judge, one: str, other: str) -> None:
    assert behaviour(judge, one) == behaviour(judge, other)


def test_rules_that_differ_in_anything_get_classes_of_their_own(judge: Judge) -> None:
    bodies = [
        "return g, v1, v2",
        "return g * lr, v1, v2",
        "return sign(g) * lr, v1, v2",
        "return tanh(g) * lr, v1, v2",
        "return minimum(g, 1.0) * lr, v1, v2",
        "return clip_by_norm(g, 1.0) * lr, v1, v2",
        "return clip_by_norm(g, 100.0) * lr + w * 0.0001, v1, v2",
        "m = interp(g, v1, 0.9); return m * lr, m, v2",
        "m = interp(g, v1, 0.9001); return m * lr, m, v2",
        "m = interp(g, v1, 0.9); return m * lr, v1, m",
        "m = interp(g, v1, 0.9); return v1 * lr, m, v2",
        "m = interp(v1, v2, 0.9); return m * lr, v1 + g, m",
        "return divide(g, v1) * lr, maximum(v1, absolute(g)), v2",
        "return g * exp(1000.0), v1, v2",
        "return g * divide(0.0, -0.00000001), v1, v2",
    ]
    assert len({behaviour(judge, body) for body in bodies}) == len(bodies)


def test_the_stored_scores_of_the_rivals_are_what_the_judge_says() -> None:
    for rival in RIVALS.values():
        program = rival.program(rival.tuned)
        for task in suites.TRAIN[:3]:
            assert language.score_on(program, task) == pytest.approx(rival.score(task), abs=0.02)


def test_the_records_are_the_tuned_rivals() -> None:
    records = json.loads((FOLDER / "records.json").read_text(encoding="utf-8"))
    for task in suites.TRAIN:
        values = {entry["by"].rpartition(" ")[2]: entry["value"] for entry in records[task.id]}
        assert values == {name: pytest.approx(rival.score(task), abs=1e-4) for name, rival in RIVALS.items()}


def test_no_two_suites_share_a_task_and_sealed_ones_look_at_images_of_their_own() -> None:
    ids = [
        task.id
        for suite in (suites.SMOKE, suites.TRAIN, suites.META10, suites.META100, suites.SEALED)
        for task in suite
    ]
    assert len(set(ids)) == len(ids)
    searched = {(task.kind, task.seed) for task in (*suites.TRAIN, *suites.META10, *suites.META100)}
    assert not searched & {(task.kind, task.seed) for task in suites.SEALED}
    assert {task.sealed for task in suites.SEALED if task.kind == "digits"} == {True}


def test_an_explanation_has_code_a_formula_and_a_table() -> None:
    text = report.explanation(SEED, (suites.TRAIN[:3],))
    assert "interp(g, m, 0.9)" in text
    assert "m′ = 0.9·m + 0.1·g" in text
    assert "train-quadratic" in text
    assert "Lion" in text


def test_an_explanation_of_other_programs_says_that_there_is_none() -> None:
    assert report.explanation("def update(*a):\n    return a\n").startswith("No short form")


def test_loss_curves_are_drawn_for_one_task_and_for_all(judge: Judge) -> None:
    task = suites.TRAIN[0]
    outcome = judged(judge, SEED, task.id)
    one = judge.run(Job("draw", instance=Instance(task.id), payload=outcome.solution)).value
    row = {"instance": Instance(task.id), "solution": outcome.solution}
    several = judge.run(Job("overview", payload=[row, {**row, "instance": Instance(suites.TRAIN[2].id)}])).value
    assert all(pictures["png"].startswith(b"\x89PNG") for pictures in (one, several))
    twice, once = (judge.run(Job("overview", payload=[row] * count)).value["png"] for count in (2, 1))
    assert twice == once, "a task that two stages judged on is drawn once"


def test_all_primitives_take_every_number_and_vector_without_raising() -> None:
    values = [0.0, -0.0, 1.0, -2.5, 1e-300, -1e300, np.nan, np.inf, -np.inf]
    vector = np.array(values)
    for name, function in language.LANGUAGE.functions.items():
        count = len(inspect.signature(function).parameters)
        with np.errstate(all="ignore"):
            for first in (*values, vector):
                answer = function(first, *[vector] * (count - 1))
                assert np.shape(answer) in ((), vector.shape), name


@pytest.mark.parametrize("name", language.LANGUAGE.functions)
def test_a_primitive_does_to_each_row_what_it_does_to_a_vector_and_to_each_column_what_it_does_to_a_number(
    name: str,
) -> None:
    function = language.LANGUAGE.functions[name]
    count = len(inspect.signature(function).parameters)
    rng = np.random.default_rng(5)
    for kinds in itertools.product(("number", "column", "rows"), repeat=count):
        shapes = {"number": (), "column": (3, 1), "rows": (3, 301)}
        values = [rng.normal(0.0, 2.0, shapes[kind]) for kind in kinds]
        together = np.asarray(function(*values))
        for row in range(3):
            given = {"number": lambda x: x, "column": lambda x, row=row: x[row, 0], "rows": lambda x, row=row: x[row]}
            alone = function(*(given[kind](value) for kind, value in zip(kinds, values, strict=True)))
            found = together if together.ndim == 0 else together[row] if np.ndim(alone) else together[row, 0]
            assert np.array_equal(found, alone, equal_nan=True), kinds
