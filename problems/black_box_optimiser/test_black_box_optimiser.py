"""The judge of step rules: what it accepts, what it must not, and that known rules stand in their known order."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evolve.evaluation import Outcome
from evolve.interfaces import Job
from evolve.judge import Judge
from evolve.problem import load_problem
from evolve.registry import Registry
from evolve.wiring import setup_of

FOLDER = Path(__file__).parent
CHEATS = sorted((FOLDER / "cheats").glob("*.py"))
SEED = (FOLDER / "seed.py").read_text(encoding="utf-8")
FIFTH = """from primitives import exp, multiply


def step(z, last, sigma, success):
    sigma = multiply(sigma, exp(0.6 * (success - 0.2)))
    return multiply(sigma, z), sigma
"""


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    registry = Registry()
    with Judge(replace(setup_of(load_problem(FOLDER, registry), registry), required=4)) as found:
        yield found


def judged(judge: Judge, text: str, instance: str = "few") -> Outcome:
    chosen = next(i for i in judge.description.instances if i.id == instance)
    result = judge.run(Job("evaluate", {"program.py": text}, "program.py", chosen))
    assert not result.error
    assert result.outcome is not None
    return result.outcome


@pytest.mark.parametrize("path", CHEATS, ids=lambda path: path.stem)
def test_a_cheat_gets_the_outcome_that_it_names(judge: Judge, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected = text.removeprefix('"""expect ').partition(":")[0]
    outcome = judged(judge, text)
    if expected == "poor":
        seed = judged(judge, SEED)
        assert outcome.score is not None
        assert seed.score is not None
        assert outcome.score < seed.score / 2
    else:
        assert (str(outcome.status), outcome.score) == (expected, None)
        assert outcome.feedback


def test_the_rules_of_the_textbook_stand_in_their_known_order(judge: Judge) -> None:
    wild = SEED.replace("multiply(sigma, z)", "multiply(4.0, z)")
    scores = [judged(judge, text, "test").score for text in (wild, SEED, FIFTH)]
    assert scores == pytest.approx([0.760, 1.290, 2.250], abs=5e-4)


def test_a_rule_is_judged_alike_with_and_without_the_border(judge: Judge) -> None:
    inline, isolated = judged(judge, FIFTH), judged(judge, FIFTH.replace("return multiply", "return 1 * multiply"))
    free = judged(judge, FIFTH + "\n\nx = [0]\n")
    assert (inline.rung, isolated.rung) == (0, 0)
    assert free.rung > 0
    assert inline.score == pytest.approx(free.score, rel=1e-12)


def test_every_function_is_zero_at_its_optimum_and_positive_elsewhere() -> None:
    sys.path.insert(0, str(FOLDER))
    try:
        import landscapes  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(FOLDER))
    rng = np.random.default_rng(0)
    for function in landscapes.FUNCTIONS.values():
        for dimension in (2, 3, 7):
            assert function(np.zeros((1, dimension))) == pytest.approx([0.0], abs=1e-12)
            assert (function(rng.normal(size=(200, dimension))) > 0).all()


def test_splits_share_no_seed(judge: Judge) -> None:
    instances: Any = judge.description.instances
    assert [i.split for i in instances] == ["train", "train", "validation", "test"]
    assert len({i.seed for i in instances}) == 4


def test_no_step_size_fits_all_searches_and_a_rule_that_adapts_spreads_its_steps(judge: Judge) -> None:
    fixed = [judged(judge, SEED.replace("multiply(sigma, z)", f"multiply({size}, z)")) for size in (0.1, 0.3, 1.0, 3.0)]
    adapted = judged(judge, FIFTH)
    assert adapted.score is not None
    assert adapted.score > 1.5 * max(outcome.score or 0.0 for outcome in fixed)
    assert adapted.measures["spread"] > 2 * max(outcome.measures["spread"] for outcome in fixed)


def test_the_picture_and_the_explanation_are_made_of_what_the_judge_returns(judge: Judge) -> None:
    outcome = judged(judge, FIFTH, "train")
    row = {
        "instance": next(i for i in judge.description.instances if i.id == "train"),
        "metrics": outcome.metrics,
        "solution": outcome.solution,
    }
    drawn = judge.run(Job("overview", payload=[row]))
    assert drawn.value["png"].startswith(b"\x89PNG"), drawn.error
    told = judge.run(Job("explain", {"program.py": FIFTH}, "program.py"))
    assert "this rule" in told.value, told.error
