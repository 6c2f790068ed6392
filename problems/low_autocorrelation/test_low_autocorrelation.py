"""The judge of low autocorrelation, on Perl programs behind the real border: what it accepts, and what it must not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from evolve.errors import EvolveError
from evolve.evaluation import Limits, Outcome
from evolve.instance import Instance
from evolve.interfaces import Job
from evolve.judge import Judge
from evolve.problem import load_problem
from evolve.registry import Registry
from evolve.wiring import setup_of

FOLDER = Path(__file__).parent
CHEATS = sorted((FOLDER / "cheats").glob("*.pl"))
LIMITS = Limits(wall_s=20.0, memory_mb=512, result_mb=1, scratch_mb=4)
BARKER = "print '[1,1,1,1,1,-1,-1,1,1,-1,1,-1,1]';"

pytestmark = pytest.mark.skipif(shutil.which("perl") is None, reason="the command perl is missing")


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    registry = Registry()
    try:
        found = Judge(setup_of(load_problem(FOLDER, registry), registry))
    except EvolveError as error:
        if "rung" not in str(error):
            raise
        pytest.skip(str(error))
    with found:
        yield found


def judged(judge: Judge, text: str, n: int = 41) -> Outcome:
    result = judge.run(Job("evaluate", {"program.pl": text}, "program.pl", Instance(f"n{n}", {"n": n}), LIMITS))
    assert not result.error
    assert result.outcome is not None
    return result.outcome


@pytest.mark.parametrize("path", CHEATS, ids=lambda path: path.stem)
def test_a_cheat_gets_the_outcome_that_it_names(judge: Judge, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    outcome = judged(judge, text)
    assert (str(outcome.status), outcome.score) == (text.removeprefix("# expect ").partition(":")[0], None)
    assert outcome.feedback


@pytest.mark.parametrize("n", [2, 13, 41])
def test_the_seed_is_valid_for_any_length_and_the_same_twice(judge: Judge, n: int) -> None:
    text = (FOLDER / "seed.pl").read_text(encoding="utf-8")
    first, second = judged(judge, text, n), judged(judge, text, n)
    assert first.score is not None
    assert (first.score, first.solution) == (second.score, second.solution)


def test_a_barker_sequence_has_the_merit_factor_that_the_books_say(judge: Judge) -> None:
    outcome = judged(judge, BARKER, 13)
    assert outcome.score == 169 / 12
    assert outcome.metrics == {"energy": 6.0, "peak": 1.0}
    verdict = judge.run(Job("verify", instance=Instance("n13", {"n": 13}), payload=outcome.solution)).value
    assert (verdict.confirmed, verdict.value) == (True, outcome.score)


@pytest.mark.parametrize("solution", [None, [], [1, 1], [1, 0, 1], [1, True, 1], [1.0, 1.0, 1.0], [1, 1, float("nan")]])
def test_the_independent_check_refuses_what_is_no_sequence(judge: Judge, solution: object) -> None:
    result = judge.run(Job("verify", instance=Instance("n3", {"n": 3}), payload=solution))
    assert not result.error
    assert not result.value.confirmed


def test_a_sequence_is_drawn(judge: Judge) -> None:
    pictures = judge.run(Job("draw", instance=Instance("n3", {"n": 3}), payload=[1, 1, -1])).value
    assert pictures["svg"].startswith(b"<svg")
