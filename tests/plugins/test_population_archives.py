"""Archives that keep by age, by chance, by working at all, or one trial only."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from evolve import AddStatus, Archive
from evolve.testing import ArchiveContract, make_trial
from evolve_plugins.archives.aging import Aging
from evolve_plugins.archives.best_of_n import BestOnly
from evolve_plugins.archives.open_ended import OpenEnded
from evolve_plugins.archives.reservoir import Reservoir

RNG = np.random.default_rng(1)
OFFERS = st.lists(st.one_of(st.none(), st.integers(0, 5)), max_size=40)


class TestAgingContract(ArchiveContract):
    def make(self) -> Archive:
        return Aging(size=7)


class TestBestOnlyContract(ArchiveContract):
    def make(self) -> Archive:
        return BestOnly()


class TestReservoirContract(ArchiveContract):
    def make(self) -> Archive:
        return Reservoir(size=7)


class TestOpenEndedContract(ArchiveContract):
    def make(self) -> Archive:
        return OpenEnded()


class TestOpenEndedThatKeepsTheBetterContract(ArchiveContract):
    def make(self) -> Archive:
        return OpenEnded(keep="better", than="parent", leeway=1.0)


def numbers(archive: Archive) -> list[int]:
    return [trial.number for trial in archive]


def offer(archive: Archive, fitness: list[int | None]) -> list[AddStatus]:
    trials = (make_trial(i, None if f is None else float(f)) for i, f in enumerate(fitness))
    return [archive.add(trial, np.random.default_rng(trial.number)) for trial in trials]


# --- aging ------------------------------------------------------------------------------------------------------------


@given(OFFERS, st.integers(1, 6))
def test_aging_keeps_exactly_the_newest_valid_trials(fitness: list[int | None], size: int) -> None:
    archive = Aging(size=size)
    offer(archive, fitness)
    valid = [number for number, value in enumerate(fitness) if value is not None]
    assert sorted(numbers(archive)) == valid[-size:]


def test_aging_lets_the_best_go_when_its_time_has_come() -> None:
    archive = Aging(size=2)
    assert offer(archive, [9, 1, 2]) == ["new", "new", "new"]
    assert numbers(archive) == [2, 1]


def test_aging_takes_a_visitor_that_it_already_has_for_no_newcomer() -> None:
    archive = Aging(size=3)
    offer(archive, [1, 2])
    assert archive.add(make_trial(0, 1.0), RNG) is AddStatus.REJECTED
    assert numbers(archive) == [1, 0]


# --- random -----------------------------------------------------------------------------------------------------------


def test_a_reservoir_keeps_every_trial_with_the_same_probability_whatever_its_fitness() -> None:
    kept: Counter[int] = Counter()
    rng = np.random.default_rng(3)
    trials = [make_trial(number, float(number)) for number in range(12)]
    for _ in range(1500):
        archive = Reservoir(size=4)
        for trial in trials:
            archive.add(trial, rng)
        kept.update(numbers(archive))
    assert chisquare([kept[number] for number in range(12)]).pvalue > 0.001


@given(OFFERS, st.integers(1, 6))
def test_a_reservoir_is_full_when_it_can_be(fitness: list[int | None], size: int) -> None:
    archive = Reservoir(size=size)
    offer(archive, fitness)
    assert len(archive) == min(size, sum(value is not None for value in fitness))


# --- best of n --------------------------------------------------------------------------------------------------------


@given(OFFERS)
def test_best_only_keeps_the_first_of_the_best(fitness: list[int | None]) -> None:
    archive = BestOnly()
    offer(archive, fitness)
    valid = [value for value in fitness if value is not None]
    assert numbers(archive) == ([fitness.index(max(valid))] if valid else [])


def test_best_only_says_when_the_best_gave_way() -> None:
    assert offer(BestOnly(), [1, 1, 0, 2]) == ["new", "rejected", "rejected", "improved"]


# --- open ended -------------------------------------------------------------------------------------------------------


@given(OFFERS)
def test_open_ended_keeps_every_trial_that_works(fitness: list[int | None]) -> None:
    archive = OpenEnded()
    offer(archive, fitness)
    assert sorted(numbers(archive)) == [number for number, value in enumerate(fitness) if value is not None]


@given(OFFERS, st.sampled_from(["initial", "parent"]), st.sampled_from([0.0, 1.0]), st.data())
def test_open_ended_loses_nothing_and_keeps_the_parent_of_each_child_kept(
    fitness: list[int | None], than: str, leeway: float, data: st.DataObject
) -> None:
    archive = OpenEnded(keep="better", than=than, leeway=leeway)  # type: ignore[arg-type]
    before: set[int] = set()
    for number, value in enumerate(fitness):
        parents = (data.draw(st.sampled_from(sorted(before))),) if before else ()
        archive.add(make_trial(number, None if value is None else float(value), parents=parents), RNG)
        kept = set(numbers(archive))
        assert before <= kept <= before | {number}
        assert number not in kept or set(parents) <= kept
        before = kept


@pytest.mark.parametrize(("than", "expected"), [("initial", [1, 2, 4, 0]), ("parent", [1, 2, 0])])
def test_open_ended_that_keeps_the_better_allows_for_noise(than: str, expected: list[int]) -> None:
    archive = OpenEnded(keep="better", than=than, leeway=0.1)  # type: ignore[arg-type]
    archive.add(make_trial(0, 0.5), RNG)
    archive.add(make_trial(1, 0.9, parents=(0,)), RNG)
    archive.add(make_trial(2, 0.85, parents=(1, 0)), RNG)
    archive.add(make_trial(3, 0.39, parents=(0,)), RNG)
    archive.add(make_trial(4, 0.7, parents=(1, 0)), RNG)
    assert numbers(archive) == expected
