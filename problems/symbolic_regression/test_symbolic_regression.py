"""The judge of formulas: what it accepts, what it must not, and what it does with measurements of one's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evolve.errors import ProblemError
from evolve.evaluation import Outcome
from evolve.interfaces import Job
from evolve.judge import Judge
from evolve.problem import load_problem
from evolve.registry import Registry
from evolve.wiring import setup_of

FOLDER = Path(__file__).parent
CHEATS = sorted((FOLDER / "cheats").glob("*.py"))
SEED = (FOLDER / "seed.py").read_text(encoding="utf-8")
LAW = "from primitives import divide, square\n\n\ndef predict(x0, x1, x2):\n    return divide(x0 * x1, square(x2))\n"


def open_judge(folder: Path, *settings: str) -> Judge:
    registry = Registry()
    return Judge(replace(setup_of(load_problem(folder, registry, settings), registry), required=4))


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with open_judge(FOLDER) as found:
        yield found


def judged(judge: Judge, text: str, instance: str = "train") -> Outcome:
    chosen = next(i for i in judge.description.instances if i.id == instance)
    result = judge.run(Job("evaluate", {"program.py": text}, "program.py", chosen))
    assert not result.error
    assert result.outcome is not None
    return result.outcome


@pytest.mark.parametrize("path", CHEATS, ids=lambda path: path.stem)
def test_a_cheat_gets_the_outcome_that_it_names(judge: Judge, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected = text.removeprefix('"""expect ').partition(":")[0]
    outcome = judged(judge, text, "test")
    if expected == "poor":
        assert outcome.score is not None
        assert outcome.score > 0.5
    else:
        assert (str(outcome.status), outcome.score) == (expected, None)
        assert outcome.feedback


def test_the_law_itself_leaves_the_noise_and_nothing_outside_of_the_range(judge: Judge) -> None:
    assert [judged(judge, LAW, name).score for name in ("train", "validation")] == pytest.approx([1e-4, 1e-4], rel=0.2)
    assert judged(judge, LAW, "test").score == pytest.approx(0.0, abs=1e-5)


def test_intercept_and_slope_are_fitted_on_the_training_rows_only(judge: Judge) -> None:
    shifted = LAW.replace("return divide(x0 * x1, square(x2))", "return 3.0 - 0.01 * divide(x0 * x1, square(x2))")
    one, other = judged(judge, LAW, "test"), judged(judge, shifted, "test")
    assert one.score == pytest.approx(other.score, abs=1e-9)
    assert other.metrics["slope"] == pytest.approx(-100 * one.metrics["slope"])
    assert one.metrics["slope"] == pytest.approx(6.674, rel=0.01)


def test_a_formula_is_judged_alike_with_and_without_the_border(judge: Judge) -> None:
    inline, isolated = judged(judge, LAW), judged(judge, LAW + "\n\nnothing = [0]\n")
    assert inline.rung == 0
    assert isolated.rung > 0
    assert inline.score == isolated.score


def test_a_constant_explains_nothing(judge: Judge) -> None:
    assert judged(judge, "def predict(x0, x1, x2):\n    return 7.0\n").score == pytest.approx(1.0)


def test_the_probe_takes_formulas_for_the_same_that_differ_by_intercept_and_slope(judge: Judge) -> None:
    texts = (
        LAW,
        LAW.replace("return divide(x0 * x1, square(x2))", "return 2.0 * divide(x1 * x0, square(x2)) - 1.0"),
        SEED,
    )
    answers = [judge.run(Job("probe", {"program.py": text}, "program.py")).value for text in texts]
    assert answers[0] == pytest.approx(answers[1], rel=1e-9)
    assert not np.allclose(answers[0], answers[2])


def test_the_explanation_names_the_simple_formula_and_the_law(judge: Judge) -> None:
    clumsy = LAW.replace("return", "x0 = x0 + 1e-9 * x1\n    return 1.0 +")
    text = judge.run(Job("explain", {"program.py": clumsy}, "program.py")).value
    assert "(x0 * x1 / x2 ** 2)" in text
    assert "force = 6.674" in text


def test_predictions_are_drawn_against_measurements(judge: Judge) -> None:
    results = []
    for instance in judge.description.instances:
        outcome = judged(judge, SEED, instance.id)
        results.append({"instance": instance, "score": outcome.score, "solution": outcome.solution})
    for count in (1, 3):
        pictures = judge.run(Job("overview", payload=results[:count])).value
        assert pictures["png"].startswith(b"\x89PNG")


@pytest.mark.parametrize("law", ["kepler", "lens", "swing", "gas"])
def test_each_law_has_rows_that_a_line_does_not_explain(law: str) -> None:
    with open_judge(FOLDER, f"params.law={law}") as other:
        assert [i.split for i in other.description.instances] == ["train", "validation", "test"]
        score = judged(other, SEED, "train").score
        assert score is not None
        assert 0.05 < score < 10.0


# --- one's own measurements -----------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the problem, for two inputs, with a file of measurements."""
    mine = tmp_path / "springs"
    shutil.copytree(FOLDER, mine, ignore=shutil.ignore_patterns("cheats", "__pycache__", "test_*"))
    text = (mine / "problem.toml").read_text(encoding="utf-8")
    text = text.replace("predict(x0: float, x1: float, x2: float)", "predict(x0: float, x1: float)")
    (mine / "problem.toml").write_text(text.replace('data = ""', 'data = "springs.csv"'), encoding="utf-8")
    (mine / "seed.py").write_text("def predict(x0, x1):\n    return x0 * x1\n", encoding="utf-8")
    rows = [f"{a},{b},{0.5 * a * b**2}" for a in range(1, 8) for b in range(1, 8)]
    (mine / "springs.csv").write_text("\n".join(["stiffness,stretch,energy", *rows]), encoding="utf-8")
    return mine


def test_a_file_of_ones_own_is_fitted_and_split_into_three(folder: Path) -> None:
    exact = "def predict(x0, x1):\n    return x0 * x1 * x1\n"
    with open_judge(folder) as mine:
        for name in ("train", "validation", "test"):
            assert judged(mine, exact, name).score == pytest.approx(0.0, abs=1e-12)
            assert 0.01 < (judged(mine, (folder / "seed.py").read_text(), name).score or 0.0) < 1.0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "first line must name"),
        ("a,b,c\n" + "1,2,3\n" * 30 + "1,two,3\n", "line 32: could not convert string to float: 'two'"),
        ("a,b,c\n" + "1,2,3\n" * 30 + "1,2\n", "line 32: 3 finite numbers are wanted"),
        ("a,b,c\n" + "1,2,nan\n" * 30, "line 2: 3 finite numbers are wanted"),
        ("a,b,c\n1,2,3\n", "1 rows; at least 20 are wanted"),
        ("a,b,c\n" + "1,2,3\n" * 30, "the target is always 3"),
        ("a,c\n" + "1,2\n" * 30 + "1,3\n", 'write entry = "predict\\(x0: float\\) -> float" there'),
    ],
)
def test_a_file_that_does_not_fit_is_told_in_one_line(folder: Path, text: str, complaint: str) -> None:
    (folder / "springs.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ProblemError, match=complaint) as told:
        open_judge(folder)
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there_is_told_in_one_line() -> None:
    with pytest.raises(ProblemError, match=r"params\.data: there is no file .*missing\.csv"):
        open_judge(FOLDER, "params.data=missing.csv")


def test_a_law_that_is_none_is_told_in_one_line() -> None:
    with pytest.raises(ProblemError, match=r"params\.law is 'ohm'; it is one of gravity, kepler, lens, swing, gas"):
        open_judge(FOLDER, "params.law=ohm")
