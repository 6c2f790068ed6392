"""Strict reading: what fits comes back plain, everything else is refused in one line."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolve import Outcome, strict
from evolve.evaluation import Status

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_numbers_of_the_right_shape_come_back_as_plain_lists_of_floats() -> None:
    assert strict.numbers([[1, 2.5]], shape=(1, 2)) == [[1.0, 2.5]]
    found = strict.numbers(np.eye(2), shape=(2, 2), low=0, high=1)
    assert found == [[1.0, 0.0], [0.0, 1.0]]
    assert {type(x) for row in found for x in row} == {float}
    assert strict.numbers(np.arange(3, dtype="u1"), shape=(None,)) == [0.0, 1.0, 2.0]
    assert strict.integers(np.arange(3), shape=(3,)) == [0, 1, 2]
    assert strict.number(3, low=3, high=3) == 3.0
    assert strict.integer(np.int64(7)) == 7
    assert strict.text("abc", longest=3) == "abc"
    assert strict.items([1, None]) == [1, None]
    assert strict.mapping({"a": 1}, ["a"]) == {"a": 1}


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda: strict.number(math.nan), "the answer is nan; it must be a finite number"),
        (lambda: strict.number(-math.inf), "the answer is -inf; it must be a finite number"),
        (lambda: strict.number(10**400), "the answer is too large for a float"),
        (lambda: strict.number(True), "the answer is True; it must be a number"),
        (lambda: strict.number(1j), "the answer is 1j; it must be a number"),
        (lambda: strict.number("1"), "the answer is '1'; it must be a number"),
        (lambda: strict.number(None, "area"), "area is None; it must be a number"),
        (lambda: strict.number(1.5, low=0, high=1), "the answer is 1.5; it must be from 0 to 1"),
        (lambda: strict.number(-1, low=0), "the answer is -1; it must be at least 0"),
        (lambda: strict.number(1, high=0), "the answer is 1; it must be at most 0"),
        (lambda: strict.integer(2.0), "the answer is 2.0; it must be a whole number"),
        (lambda: strict.integer(False), "the answer is False; it must be a whole number"),
        (lambda: strict.integer(np.bool_(True)), "the answer is True; it must be a whole number"),
        (lambda: strict.numbers([[1.0]], shape=(2, 1)), "the answer has 1 items; it must have 2"),
        (lambda: strict.numbers([[1.0], 2.0], shape=(2, 1)), "the answer[1] is 2.0; it must be a list"),
        (
            lambda: strict.numbers([[0.0, math.nan]], shape=(1, 2), name="p"),
            "p[0][1] is nan; it must be a finite number",
        ),
        (
            lambda: strict.numbers(np.zeros((1, 1)), shape=(1,), name="p"),
            "p[0] is a list of 1 items; it must be a number",
        ),
        (lambda: strict.numbers(np.array([True]), shape=(1,)), "the answer[0] is True; it must be a number"),
        (lambda: strict.numbers(np.array([1j]), shape=(1,)), "the answer[0] is 1j; it must be a number"),
        (lambda: strict.numbers("ab", shape=(2,)), "the answer is 'ab'; it must be a list"),
        (lambda: strict.integers([1, True], shape=(2,), name="f(2)"), "f(2)[1] is True; it must be a whole number"),
        (lambda: strict.text(b"a"), "the answer is b'a'; it must be text"),
        (lambda: strict.text("abcd", longest=3), "the answer has 4 characters; 3 are allowed"),
        (lambda: strict.items((1,)), "the answer is (1,); it must be a list"),
        (lambda: strict.mapping({"b": 1}, ["a"], "m"), "m must be a mapping with the keys a; it is a dict of 1 items"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line_as_invalid(read: Callable[[], Any], said: str) -> None:
    with pytest.raises(strict.Refused) as caught:
        read()
    assert str(caught.value) == said
    assert Outcome.failed(Status(caught.value.status), caught.value.detail) == Outcome.invalid(said)


@given(st.text() | st.integers() | st.binary(), st.integers(0, 3))
def test_a_refusal_is_short_whatever_was_answered(value: Any, length: int) -> None:
    with pytest.raises(strict.Refused) as caught:
        strict.items(value, length)
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


@given(JSON)
def test_json_comes_back_as_it_was_written(value: Any) -> None:
    assert strict.json_data(json.dumps(value).encode()) == value


@settings(max_examples=300)
@given(st.binary() | st.text(alphabet='[]{}",:0123456789eE+-.naNInfityul\\ud').map(str.encode))
def test_bytes_are_data_or_refused_and_never_anything_else(data: bytes) -> None:
    try:
        found = strict.json_data(data)
    except ValueError as refused:
        found = str(refused).split("\n")
        assert len(found) == 1
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Expecting value at line 1, column 1"),
        (b"1 2", "Extra data at line 1, column 3"),
        (b"[NaN]", "NaN is not data"),
        (b"-Infinity", "-Infinity is not data"),
        (b"[1e999]", "a number beyond all floats is not data"),
        (b'{"a": 1, "a": 2}', "a key appears twice"),
        (b"\xff", "it is not UTF-8 text"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b"[" * 2_000_001, "more than 2,000,000 items"),
        (b"1" * 5000, "Exceeds the limit"),
    ],
)
def test_json_that_surprises_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        strict.json_data(data)


def test_numbers_that_are_not_finite_arrive_where_they_are_declared() -> None:
    low, nan, high = strict.json_data(b"[-Infinity, NaN, Infinity]", non_finite=True)
    assert (low, high) == (-math.inf, math.inf)
    assert math.isnan(nan)
