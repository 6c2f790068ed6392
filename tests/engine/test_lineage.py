"""Who descends from whom, and what whole clades have gathered."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolve.lineage import Lineage


def chain(length: int) -> Lineage:
    lineage = Lineage()
    for number in range(length):
        lineage.add(number, (number - 1,) if number else ())
    return lineage


def test_a_trial_knows_its_parents_children_ancestors_and_depth() -> None:
    lineage = Lineage()
    for number, parents in enumerate([(), (0,), (0,), (2, 1), ()]):
        lineage.add(number, parents)
    assert [lineage.parents(n) for n in range(5)] == [(), (0,), (0,), (2, 1), ()]
    assert [tuple(lineage.children(n)) for n in range(5)] == [(1, 2), (), (3,), (), ()]
    assert [tuple(lineage.ancestors(n)) for n in range(5)] == [(), (0,), (0,), (2, 0), ()]
    assert [lineage.depth(n) for n in range(5)] == [0, 1, 1, 2, 0]
    assert 4 in lineage
    assert 5 not in lineage


def test_the_roots_are_the_children_of_none() -> None:
    lineage = Lineage()
    assert tuple(lineage.children(-1)) == ()
    for number, parents in enumerate([(), (0,), (), (2, 1)]):
        lineage.add(number, parents)
    assert tuple(lineage.children(-1)) == (0, 2)


def test_a_gap_in_the_numbers_is_no_trial_until_it_is_filled() -> None:
    lineage = Lineage()
    lineage.add(3, ())
    assert [n in lineage for n in range(4)] == [False, False, False, True]
    lineage.add(1, (3,))
    assert tuple(lineage.children(3)) == (1,)


def test_a_number_is_taken_once_and_parents_come_first() -> None:
    lineage = chain(2)
    with pytest.raises(ValueError, match="already in the lineage"):
        lineage.add(1, ())
    with pytest.raises(ValueError, match="parent, 7, that is not"):
        lineage.add(2, (7,))
    assert 2 not in lineage


def test_a_chain_of_ten_thousand_is_walked_and_summed_without_recursion() -> None:
    lineage = chain(10_000)
    assert lineage.depth(9_999) == 9_999
    assert sum(1 for _ in lineage.ancestors(9_999)) == 9_999
    clade = lineage.aggregate("clade")
    clade.add(9_999, (1.0, 0.0))
    clade.add(5_000, (0.0, 1.0))
    assert clade.of(0) == (1.0, 1.0)
    assert clade.of(5_001) == (1.0, 0.0)


def test_an_aggregate_takes_another_way_of_joining() -> None:
    lineage = chain(3)
    best = lineage.aggregate("best", zero=(-np.inf,), combine=max)
    best.add(2, (4.0,))
    best.add(1, (7.0,))
    assert [best.of(n) for n in range(3)] == [(7.0,), (7.0,), (4.0,)]


def test_an_aggregate_is_known_by_its_name_and_grows_with_the_lineage() -> None:
    lineage = chain(1)
    lineage.aggregate("clade").add(0, (1.0, 2.0))
    lineage.add(1, (0,))
    assert lineage.aggregate("clade").of(1) == (0.0, 0.0)
    lineage.aggregate("clade").add(1, (1.0, 0.0))
    assert lineage.aggregate("clade").of(0) == (2.0, 2.0)
    assert lineage.aggregate("other").of(0) == (0.0, 0.0)


def test_all_of_an_aggregate_can_be_read_at_once_and_the_copy_stays_as_it_is() -> None:
    lineage = chain(2)
    clade = lineage.aggregate("clade")
    clade.add(1, (1.0, 2.0))
    table = clade.table()
    lineage.add(2, (1,))
    clade.add(2, (4.0, 0.0))
    assert table.tolist() == [[1.0, 2.0], [1.0, 2.0]]
    assert clade.table().tolist() == [[5.0, 2.0], [5.0, 2.0], [4.0, 0.0]]
    assert lineage.aggregate("wide", (7.0, 8.0, 9.0)).table().tolist() == [[7.0, 8.0, 9.0]] * 3


def test_an_outcome_of_the_wrong_width_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 2 values, got 1"):
        chain(1).aggregate("clade").add(0, (1.0,))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32))
def test_an_aggregate_equals_the_sum_over_all_descendants(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lineage, outcomes = Lineage(), []
    clade = lineage.aggregate("clade")
    for number in range(30):
        lineage.add(number, (int(rng.integers(0, number)),) if number and rng.random() < 0.8 else ())
        outcomes.append((number if rng.random() < 0.5 else int(rng.integers(0, number + 1)), float(rng.integers(0, 2))))
        clade.add(outcomes[-1][0], (outcomes[-1][1], 1 - outcomes[-1][1]))
    for number in range(30):
        inside = [value for who, value in outcomes if number in {who, *lineage.ancestors(who)}]
        assert clade.of(number) == (sum(inside), len(inside) - sum(inside))


@pytest.mark.parametrize("size", [20_000, 100_000])
def test_an_outcome_costs_one_step_per_ancestor_however_many_trials_there_are(size: int) -> None:
    steps: list[float] = []

    def counting(a: float, b: float) -> float:
        steps.append(b)
        return a + b

    lineage = chain(10_000)
    for number in range(10_000, size):
        lineage.add(number, (number % 100,))
    clade = lineage.aggregate("clade", (0.0,), counting)
    for number, ancestors in ((9_999, 9_999), (size - 1, 100)):
        steps.clear()
        clade.add(number, (1.0,))
        assert len(steps) == ancestors + 1
    assert (clade.of(0), clade.of(99), clade.of(100)) == ((2.0,), (2.0,), (1.0,))


def test_a_hundred_thousand_trials_fit_into_twenty_megabytes() -> None:
    rng = np.random.default_rng(1)
    lineage = Lineage()
    clade = lineage.aggregate("clade")
    for number in range(100_000):
        lineage.add(number, (int(rng.integers(0, number)), 0) if number else ())
    clade.add(99_999, (1.0, 0.0))
    arrays = [lineage._parent, lineage._depth, lineage._first_child, lineage._last_child, lineage._next_sibling]
    extras = sum(sys.getsizeof(others) for others in lineage._others.values()) + sys.getsizeof(lineage._others)
    assert sum(map(sys.getsizeof, arrays)) + sys.getsizeof(clade._values) + extras < 20_000_000
