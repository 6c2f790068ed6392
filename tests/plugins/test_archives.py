"""The shipped archives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolve import AddStatus, Archive, Trial
from evolve.errors import ConfigError
from evolve.testing import ArchiveContract, make_trial
from evolve_plugins.archives.map_elites import Axis, MapElites
from evolve_plugins.archives.top_k import TopK

RNG = np.random.default_rng(1)


class TestTopKContract(ArchiveContract):
    def make(self) -> Archive:
        return TopK(k=7)


class TestTopKOfStructuresContract(ArchiveContract):
    def make(self) -> Archive:
        return TopK(k=7, distinct="structure")


class TestMapElitesContract(ArchiveContract):
    measures = ("width", "height")

    def make(self) -> Archive:
        return MapElites(axes=(Axis("width", 0.0, 1.0, 5), Axis("height", 0.2, 0.8, 3)))


def numbers(archive: Archive) -> list[int]:
    return [trial.number for trial in archive]


# --- top_k ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8)), max_size=40), st.integers(1, 6))
def test_top_k_keeps_the_best_of_each_class_and_the_older_of_equals(offers: list[tuple[int, int]], k: int) -> None:
    archive = TopK(k=k)
    for number, (fitness, group) in enumerate(offers):
        archive.add(make_trial(number, float(fitness), class_key=f"{group}"), RNG)
    kept = list(archive)
    groups = [trial.class_key for trial in kept]
    assert len(kept) <= k
    assert len(groups) == len(set(groups))
    ranked = [(-(trial.fitness or 0.0), trial.number) for trial in kept]
    assert ranked == sorted(ranked)
    if offers:
        best = max(fitness for fitness, _ in offers)
        assert kept[0].number == next(i for i, (fitness, _) in enumerate(offers) if fitness == best)


def test_top_k_may_keep_the_best_of_each_structure_whatever_its_numbers() -> None:
    archive = TopK(k=2, distinct="structure")
    texts = ["a = 1.5 * w", "a = 7.0 * w", "a = 0.2 * w", "a = 1.0 + w", "a = w / 9", "a = 3.0 + w"]
    fitness = [1.0, 2.0, 1.5, 0.5, 1.8, 1.9]
    offered = [
        make_trial(i, f, text=f"def f(w):\n    {t}\n    return a")
        for i, (t, f) in enumerate(zip(texts, fitness, strict=True))
    ]
    statuses = [archive.add(trial, RNG) for trial in offered]
    assert statuses == ["new", "improved", "rejected", "new", "improved", "improved"]
    assert numbers(archive) == [1, 5]


def test_top_k_says_whether_it_had_room_or_something_gave_way() -> None:
    archive = TopK(k=2)
    offered = [make_trial(0, 1.0), make_trial(1, 2.0), make_trial(2, 1.0), make_trial(3, 3.0)]
    assert [archive.add(trial, RNG) for trial in offered] == ["new", "new", "rejected", "improved"]
    assert numbers(archive) == [3, 1]


def test_top_k_replaces_a_twin_only_by_a_fitter_one() -> None:
    archive = TopK(k=5)
    archive.add(make_trial(0, 1.0, class_key="a"), RNG)
    assert archive.add(make_trial(1, 1.0, class_key="a"), RNG) is AddStatus.REJECTED
    assert archive.add(make_trial(2, 1.5, class_key="a"), RNG) is AddStatus.IMPROVED
    assert numbers(archive) == [2]


def test_top_k_tells_trials_without_a_class_apart_by_their_text() -> None:
    archive = TopK(k=5)
    for number, text in enumerate(["x = 1", "x = 1", "x = 2"]):
        archive.add(make_trial(number, 1.0, text=text, class_key=""), RNG)
    assert numbers(archive) == [0, 2]


# --- map_elites -------------------------------------------------------------------------------------------------------


def elites(*axes: Axis) -> MapElites:
    return MapElites(axes=axes)


def placed(number: int, fitness: float, **measures: float) -> Trial:
    return make_trial(number, fitness, measures=measures)


def test_map_elites_keeps_one_elite_per_cell_and_replaces_it_only_by_a_fitter_one() -> None:
    archive = elites(Axis("width", 0, 1, 2))
    offered = [
        placed(0, 1.0, width=0.1),
        placed(1, 9.0, width=0.9),
        placed(2, 1.0, width=0.3),
        placed(3, 2.0, width=0.4),
    ]
    assert [archive.add(trial, RNG) for trial in offered] == ["new", "new", "rejected", "improved"]
    assert numbers(archive) == [1, 3]


@pytest.mark.parametrize(
    ("value", "expected"), [(-1e308, 0), (0.0, 0), (0.24, 0), (0.25, 1), (0.99, 3), (1.0, 3), (1e308, 3)]
)
def test_map_elites_puts_a_measure_outside_the_axis_into_its_nearest_bin(value: float, expected: int) -> None:
    assert elites(Axis("width", 0, 1, 4)).place({"width": value}) == (expected,)


def test_map_elites_never_compares_a_trial_that_lacks_a_measure_with_one_that_has_it() -> None:
    archive = elites(Axis("width", 0, 1, 1), Axis("height", 0, 1, 1))
    for trial in (placed(0, 1.0, width=0.5, height=0.5), placed(1, 2.0, width=0.5), placed(2, 3.0)):
        assert archive.add(trial, RNG) is AddStatus.NEW
    assert len(archive) == 3


def test_map_elites_refuses_an_axis_that_ends_before_it_starts() -> None:
    with pytest.raises(ConfigError, match="axis 'width': low must be less than high, not 1 and 0"):
        Axis("width", 1, 0)
