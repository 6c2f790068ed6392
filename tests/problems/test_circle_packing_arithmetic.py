"""The exact arithmetic behind the judge of packings: no tolerance, and honest rounding is repaired."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations

import pytest
from evolve_problems._shared import packing
from hypothesis import given, settings
from hypothesis import strategies as st

unit = st.floats(0.0, 1.0)
circles = st.lists(st.tuples(unit, unit, st.floats(0.0, 0.3)), min_size=1, max_size=6)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.complex_numbers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=12,
)


def fits(found: list[packing.Circle]) -> bool:
    exact = [tuple(Fraction(value) for value in circle) for circle in found]
    inside = all(r >= 0 and min(x, 1 - x, y, 1 - y) >= r for x, y, r in exact)
    return inside and all(
        (x - u) ** 2 + (y - v) ** 2 >= (r + s) ** 2 for (x, y, r), (u, v, s) in combinations(exact, 2)
    )


@given(circles)
def test_what_repair_returns_fits_exactly_and_only_shrinks(given: list[packing.Circle]) -> None:
    try:
        found, miss = packing.repair(given)
    except packing.Misfit:
        assert not fits(given)
        return
    assert fits(found)
    assert 0.0 <= miss <= packing.REPAIRABLE
    assert all(a[:2] == b[:2] and a[2] <= b[2] for a, b in zip(found, given, strict=True))
    assert (miss == 0.0) == fits(given)


@given(st.floats(0.0, 9e-10), st.floats(0.05, 0.45))
def test_a_small_miss_costs_no_more_than_itself(miss: float, radius: float) -> None:
    given = [(radius, 0.5, radius), (radius + 2 * radius - miss, 0.5, min(radius, 1 - 3 * radius + miss))]
    if given[1][2] <= 0:
        return
    found, _ = packing.repair(given)
    lost = math.fsum(r for *_, r in given) - math.fsum(r for *_, r in found)
    assert lost <= 1.01 * miss + 1e-15


def test_a_packing_that_fits_comes_back_unchanged() -> None:
    given = [(0.25, 0.25, 0.25), (0.75, 0.25, 0.25), (0.5, 0.75, 0.25)]
    assert packing.repair(given) == (given, 0.0)


def test_a_large_miss_is_refused_and_the_worst_are_named_first() -> None:
    with pytest.raises(packing.Misfit) as caught:
        packing.repair([(0.5, 0.5, 0.3), (0.5, 0.9, 0.2), (0.1, 0.1, 0.15)])
    assert "circles 0 and 1 overlap" in str(caught.value)
    assert "circle 1 sticks out of the square by 0.1" in str(caught.value)


@given(st.fractions(-10, 10))
def test_a_rational_is_rounded_down_to_the_nearest_float(value: Fraction) -> None:
    down = packing.round_down(value)
    assert Fraction(down) <= value < Fraction(math.nextafter(down, math.inf))


@settings(max_examples=300)
@given(anything, st.integers(1, 4))
def test_any_answer_is_read_as_numbers_of_the_unit_square_or_refused(answer: object, n: int) -> None:
    try:
        found = packing.read_circles(answer, n)
    except packing.Misfit:
        return
    assert len(found) == n
    assert all(type(value) is float and 0.0 <= value <= 1.0 for circle in found for value in circle)


@given(st.tuples(unit, unit, unit), st.floats() | st.booleans() | st.text() | st.none(), st.integers(0, 2))
def test_one_wrong_value_is_refused_in_words_that_name_it(circle: packing.Circle, wrong: object, place: int) -> None:
    if type(wrong) is float and 0.0 <= wrong <= 1.0:
        return
    row: list[object] = list(circle)
    row[place] = wrong
    with pytest.raises(packing.Misfit, match=f"^{('x', 'y', 'radius')[place]} of circle 1 is "):
        packing.read_circles([list(circle), row], 2)


@given(circles)
def test_measures_stay_in_their_ranges(given: list[packing.Circle]) -> None:
    assert 0.0 <= packing.evenness(given) <= 1.0
    assert 0.0 <= packing.asymmetry(given) <= 1.0


def test_contacts_are_pairs_and_walls() -> None:
    found = packing.contacts([(0.25, 0.25, 0.25), (0.75, 0.25, 0.25), (0.5, 0.8, 0.1)])
    assert sorted(found) == [(0, -3), (0, -1), (0, 1), (1, -3), (1, -2)]


def test_equal_radii_are_even_and_a_mirror_image_is_as_lopsided() -> None:
    given = [(0.2, 0.3, 0.1), (0.6, 0.7, 0.1)]
    mirrored = [(1 - x, y, r) for x, y, r in given]
    assert packing.evenness(given) == pytest.approx(1.0)
    assert packing.asymmetry(given) == pytest.approx(packing.asymmetry(mirrored))
