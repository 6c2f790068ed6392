"""The judge of circle packing, on the far side of the real border: what it accepts, and what it must not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from evolve.evaluation import Limits, Outcome
from evolve.instance import Instance
from evolve.interfaces import Job, Setup
from evolve.judge import Judge

FOLDER = Path(__file__).parent
CHEATS = sorted((FOLDER / "cheats").glob("*.py"))
LIMITS = Limits(wall_s=20.0, memory_mb=512, result_mb=1, fuel=12.0)
HOPPING = """
from primitives import better, polish, relocate, scatter


def pack(n):
    circles = polish(scatter(n, 3))
    for i in range(50):
        circles = better(circles, polish(relocate(circles, i)))
    return circles
"""


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    setup = Setup(
        str(FOLDER),
        "evolve_plugins.evaluators.python:PythonEvaluator",
        entry="pack(n: int) -> Circles",
        params={"n": 26},
        preload=("numpy",),
    )
    with Judge(setup) as found:
        yield found


def judged(judge: Judge, text: str, n: int = 26) -> Outcome:
    job = Job("evaluate", {"program.py": text}, "program.py", Instance(f"n{n}", {"n": n}), LIMITS)
    result = judge.run(job)
    assert not result.error
    assert result.outcome is not None
    return result.outcome


@pytest.mark.parametrize("path", CHEATS, ids=lambda path: path.stem)
def test_a_cheat_gets_the_outcome_that_it_names(judge: Judge, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected = text.removeprefix('"""expect ').partition(":")[0]
    outcome = judged(judge, text)
    assert (str(outcome.status), outcome.score) == (expected, None)
    assert outcome.feedback


def test_after_all_cheats_the_judge_still_judges_right(judge: Judge) -> None:
    for path in CHEATS:
        judged(judge, path.read_text(encoding="utf-8"))
    assert judged(judge, "def pack(n): return [[0.25, 0.25, 0.25], [0.75, 0.75, 0.25]]", 2).score == 0.5


@pytest.mark.parametrize("n", [1, 2, 5, 26, 32])
def test_the_seed_is_valid_and_poor_for_any_number_of_circles(judge: Judge, n: int) -> None:
    outcome = judged(judge, (FOLDER / "seed.py").read_text(encoding="utf-8"), n)
    assert outcome.score is not None
    assert 0.1 < outcome.score < 1.0


def test_a_program_out_of_fuel_is_judged_on_the_best_that_it_has_shown(judge: Judge) -> None:
    outcome = judged(judge, HOPPING)
    assert outcome.cost.fuel == LIMITS.fuel
    assert outcome.score is not None
    assert 2.4 < outcome.score < 2.636


def test_equal_programs_score_the_same_to_the_last_bit(judge: Judge) -> None:
    assert judged(judge, HOPPING).score == judged(judge, HOPPING + "# again\n").score


def test_the_independent_check_confirms_the_score_of_a_valid_answer(judge: Judge) -> None:
    outcome = judged(judge, HOPPING)
    verdict = judge.run(Job("verify", instance=Instance("n26", {"n": 26}), payload=outcome.solution)).value
    assert verdict.confirmed
    assert verdict.value == outcome.score
    assert len(verdict.certificate["circles"]) == 26


@pytest.mark.parametrize(
    "solution",
    [
        None,
        "circles",
        [],
        [[0.5, 0.5]],
        [[0.5, 0.5, 0.5, 0.5]],
        [[0.5, 0.5, float("nan")]],
        [[0.5, 0.5, float("inf")]],
        [[0.5, 0.5, -0.1]],
        [[0.5, 0.5, True]],
        [[0.5, 0.5, 0.5000000000000001]],
        [[0.5, 0.5, "0.5"]],
        [[0.5, 0.5, 0.5], [0.5, 0.5, 0.0]],
    ],
    ids=repr,
)
def test_the_independent_check_refuses_what_is_no_packing(judge: Judge, solution: object) -> None:
    result = judge.run(Job("verify", instance=Instance("n1", {"n": 1}), payload=solution))
    assert not result.error
    assert not result.value.confirmed


def test_the_independent_check_refuses_an_overlap_of_one_rounding_error(judge: Judge) -> None:
    touching = [[0.25, 0.5, 0.25], [0.75, 0.5, 0.25]]
    closer = [[0.25, 0.5, 0.25], [0.7499999999999999, 0.5, 0.25]]
    pair = Instance("n2", {"n": 2})
    assert judge.run(Job("verify", instance=pair, payload=touching)).value.confirmed
    assert "overlap" in judge.run(Job("verify", instance=pair, payload=closer)).value.detail


def test_a_packing_is_drawn_as_svg_and_png(judge: Judge) -> None:
    solution = [[0.25, 0.25, 0.25], [0.75, 0.75, 0.25]]
    pictures = judge.run(Job("draw", instance=Instance("n2", {"n": 2}), payload=solution)).value
    assert b"<svg" in pictures["svg"]
    assert pictures["png"].startswith(b"\x89PNG")


def test_the_probe_tells_programs_apart_that_differ_only_at_26_circles(judge: Judge) -> None:
    plain = (FOLDER / "seed.py").read_text(encoding="utf-8")
    special = plain + "\nusual = pack\n\ndef pack(n):\n    return [[0.5, 0.5, 0.0]] * 26 if n == 26 else usual(n)\n"
    answers = [judge.run(Job("probe", {"program.py": text}, "program.py", limits=LIMITS)) for text in (plain, special)]
    assert not any(answer.error for answer in answers)
    assert answers[0].value != answers[1].value


def test_no_module_of_a_candidate_holds_a_record(judge: Judge) -> None:
    records = json.loads((FOLDER / "records.json").read_text(encoding="utf-8"))
    doubled = sorted({2 * entry["value"] for entries in records.values() for entry in entries})
    search = f"""
import gc
import sys


def pack(n):
    names = [name for name in sys.modules if name.startswith(("evaluate", "evolve_p", "evolve.judge"))]
    boxes = [thing.values() if type(thing) is dict else thing for thing in gc.get_objects()
             if type(thing) in (dict, list, tuple, set)]
    found = [value for box in boxes for value in list(box) if type(value) is float and 2 * value in {doubled}]
    return [[0.5, 0.5, 0.5 if names or found else 0.0]] * n
"""
    outcome = judged(judge, search)
    assert outcome.score == 0.0


def test_a_number_of_circles_that_is_none_is_a_clear_mistake(judge: Judge) -> None:
    from evolve.errors import ProblemError

    evaluator = "evolve_plugins.evaluators.python:PythonEvaluator"
    setup = Setup(str(FOLDER), evaluator, entry="pack(n: int) -> Circles", params={"n": 0})
    with pytest.raises(ProblemError, match=r"params\.n is 0"):
        Judge(setup)
