"""`Pareto`: fronts, crowding, and what it says to a wrong objective."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolve import Archive, Outcome, Trial
from evolve.errors import ConfigError
from evolve.testing import ArchiveContract, make_trial
from evolve.trial import Scored
from evolve_plugins.archives.pareto import Objective, Pareto

RNG = np.random.default_rng(1)
TWO = (Objective("speed"), Objective("size", "minimise"))
POINTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=30)


class TestParetoContract(ArchiveContract):
    measures = ("speed", "size")

    def make(self) -> Archive:
        return Pareto(objectives=(Objective(), *TWO), size=9)


def placed(number: int, speed: float, size: float, fitness: float = 1.0) -> Trial:
    return make_trial(number, fitness, measures={"speed": speed, "size": size})


def filled(points: list[tuple[float, float]], size: int = 50) -> Pareto:
    archive = Pareto(objectives=TWO, size=size)
    for number, (speed, bulk) in enumerate(points):
        archive.add(placed(number, speed, bulk), RNG)
    return archive


def numbers(trials: Archive | tuple[Trial, ...]) -> set[int]:
    return {trial.number for trial in trials}


def dominated(point: tuple[float, ...], others: list[tuple[float, ...]]) -> bool:
    return any(other != point and all(o >= p for o, p in zip(other, point, strict=True)) for other in others)


@given(POINTS)
def test_with_room_the_front_is_exactly_what_nothing_dominates(points: list[tuple[int, int, int]]) -> None:
    archive = Pareto(objectives=(Objective(), *TWO))
    for number, (fitness, speed, size) in enumerate(points):
        archive.add(placed(number, speed, size, fitness), RNG)
    turned = [(fitness, speed, -size) for fitness, speed, size in points]
    assert len(archive) == len(points)
    assert numbers(archive.front()) == {i for i, point in enumerate(turned) if not dominated(point, turned)}


@given(POINTS, st.integers(1, 8))
def test_a_full_archive_drops_no_front_for_a_worse_one(points: list[tuple[int, int, int]], size: int) -> None:
    archive = Pareto(objectives=(Objective(), *TWO), size=size)
    for number, (fitness, speed, bulk) in enumerate(points):
        archive.add(placed(number, speed, bulk, fitness), RNG)
        assert len(archive) == min(size, number + 1)
        kept = [(*points[i][:2], -points[i][2]) for i in sorted(numbers(archive))]
        front = {(*points[i][:2], -points[i][2]) for i in numbers(archive.front())}
        assert front == {point for point in kept if not dominated(point, kept)}


@given(st.permutations(range(12)), st.integers(2, 6))
def test_the_best_of_every_objective_is_never_crowded_out(order: list[int], size: int) -> None:
    archive = filled([(float(i), float(i * i)) for i in order], size)
    assert len(archive) == size
    assert {order.index(0), order.index(11)} <= numbers(archive)


def test_the_most_crowded_of_a_full_front_gives_way() -> None:
    archive = filled([(0, 0), (10, 10), (5, 5)], size=4)
    assert archive.add(placed(3, 5.5, 5.5), RNG) == "new"
    assert archive.add(placed(4, 8, 8), RNG) == "improved"
    assert numbers(archive) == {0, 1, 2, 4}
    assert archive.add(placed(5, 8.1, 8.1), RNG) == "rejected"
    assert archive.add(placed(6, 4, 5), RNG) == "rejected"


def test_of_a_class_it_keeps_the_one_that_is_better_in_every_way() -> None:
    archive = Pareto(objectives=TWO)
    for number, (speed, size) in enumerate([(1, 1), (2, 2), (2, 1)]):
        trial = make_trial(number, 1.0, class_key="same", measures={"speed": speed, "size": size})
        archive.add(trial, RNG)
    assert numbers(archive) == {2}


def test_a_niche_prefers_earlier_fronts_and_then_the_lonely() -> None:
    archive = filled([(0, 0), (10, 10), (9.5, 9.5), (9, 9), (3, 20), (2, 25)])
    rng = np.random.default_rng(2)
    drawn = [trial.number for _ in range(400) for trial in archive.niche(rng).members]
    assert drawn.count(0) > drawn.count(3) > drawn.count(4) > drawn.count(5)


def test_metrics_count_as_well_as_measures() -> None:
    outcome = Outcome.ok(1.0, metrics={"size": 3.0}, measures={"speed": 2.0})
    trial = Trial(0, make_trial().program, outcomes=(Scored("only", "full", outcome),), score=1.0, fitness=1.0)
    assert [objective.value(trial) for objective in (*TWO, Objective())] == [2.0, -3.0, 1.0]


def test_an_unknown_objective_is_named_with_the_nearest_that_is_known() -> None:
    archive = Pareto(objectives=(Objective(), Objective("sped")))
    with pytest.raises(
        ConfigError, match=r"^objective 'sped': trial 0 has no such metric or measure; did you mean 'speed'\?$"
    ):
        archive.add(placed(0, 1, 1), RNG)


def test_one_objective_is_not_enough() -> None:
    with pytest.raises(ConfigError, match=r"^pareto: name at least two objectives; for one use the archive top_k$"):
        Pareto(objectives=(Objective(),))


def test_the_score_has_its_direction_from_the_problem() -> None:
    with pytest.raises(ConfigError, match=r"^objective 'score': its direction is the problem's own"):
        Objective("score", "minimise")
