"""The judge of queen colouring, on C++ programs behind the real border: what it accepts, and what it must not."""

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
CHEATS = sorted((FOLDER / "cheats").glob("*.cpp"))
LIMITS = Limits(wall_s=60.0, memory_mb=1024, result_mb=1, scratch_mb=16)
SMALL = Instance("small", {"sizes": [4, 5]})
LATIN = [(j - 2 * i) % 5 for i in range(5) for j in range(5)]

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="the command g++ is missing")


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


def judged(judge: Judge, text: str, instance: Instance = SMALL) -> Outcome:
    result = judge.run(Job("evaluate", {"program.cpp": text}, "program.cpp", instance, LIMITS))
    assert not result.error
    assert result.outcome is not None
    return result.outcome


@pytest.mark.parametrize("path", CHEATS, ids=lambda path: path.stem)
def test_a_cheat_gets_the_outcome_that_it_names(judge: Judge, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    outcome = judged(judge, text)
    assert (str(outcome.status), outcome.score) == (text.removeprefix("// expect ").partition(":")[0], None)
    assert outcome.feedback


def test_the_seed_colours_every_board_and_the_independent_check_agrees(judge: Judge) -> None:
    outcome = judged(judge, (FOLDER / "seed.cpp").read_text(encoding="utf-8"), judge.description.instances[0])
    assert outcome.score == sum(outcome.metrics.values()) == 72.0
    job = Job("verify", instance=judge.description.instances[0], payload=outcome.solution)
    verdict = judge.run(job).value
    assert (verdict.confirmed, verdict.value) == (True, 72.0)


def test_the_judge_knows_a_colouring_with_as_few_colours_as_there_can_be(judge: Judge) -> None:
    five = Instance("five", {"sizes": [5]})
    text = f'#include <cstdio>\nint main() {{ std::puts("{LATIN}"); }}\n'
    assert judged(judge, text, five).score == 5.0
    assert judge.run(Job("verify", instance=five, payload=[LATIN])).value.value == 5.0


@pytest.mark.parametrize(
    "solution", [None, [], [[0] * 25], [LATIN[:-1]], [[float(c) for c in LATIN]], [LATIN, LATIN], [[*LATIN[:-1], True]]]
)
def test_the_independent_check_refuses_what_is_no_colouring(judge: Judge, solution: object) -> None:
    result = judge.run(Job("verify", instance=Instance("five", {"sizes": [5]}), payload=solution))
    assert not result.error
    assert not result.value.confirmed


def test_a_board_is_drawn(judge: Judge) -> None:
    pictures = judge.run(Job("draw", instance=Instance("five", {"sizes": [5]}), payload=[LATIN])).value
    assert pictures["svg"].startswith(b"<svg")
