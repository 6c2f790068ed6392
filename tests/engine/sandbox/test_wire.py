"""The data frame: what crosses, what does not, and what a forger gets."""

from __future__ import annotations

import contextlib
import json
import math
import struct
import subprocess
import sys
from collections import OrderedDict, namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import evolve
from evolve.sandbox.wire import PREFIX_BYTES, Caps, WireError, decode, encode, lengths

DTYPES = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", ">i4", ">f8")

floats = st.floats(allow_nan=True, allow_infinity=True)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | floats
    | st.complex_numbers(allow_nan=True)
    | st.text(max_size=600)
    | st.binary(max_size=400)
    | st.lists(floats, min_size=8, max_size=20)
    | st.lists(st.integers(-(2**64), 2**64), min_size=8, max_size=20)
)
plain = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=300), inner), max_leaves=20
)


def crossed(value: Any, *, writable: bool = False, caps: Caps | None = None) -> Any:
    frame = b"".join(bytes(piece) for piece in encode(value, caps))
    header, body = lengths(frame[:PREFIX_BYTES], caps)
    assert len(frame) == PREFIX_BYTES + header + body
    start = PREFIX_BYTES + header
    return decode(frame[PREFIX_BYTES:start], bytearray(frame[start:]), caps, writable=writable)


def forged(tree: Any, body: bytes = b"", **caps: int) -> Any:
    header = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    return decode(header, body, Caps(**caps))


def same(left: Any, right: Any) -> bool:
    if isinstance(left, float):
        return type(right) is float and struct.pack("d", left) == struct.pack("d", right)
    if isinstance(left, complex):
        return type(right) is complex and same(left.real, right.real) and same(left.imag, right.imag)
    if isinstance(left, list):
        return type(right) is list and len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return type(right) is dict and list(left) == list(right) and all(same(left[k], right[k]) for k in left)
    return type(left) is type(right) and bool(left == right)


@settings(max_examples=60, deadline=None)
@given(plain)
@example({"é" * 200: 1})
def test_plain_data_arrive_as_they_left(value: Any) -> None:
    assert same(value, crossed(value)) or _has_odd_nan(value)


def _has_odd_nan(value: Any) -> bool:
    """NaN has many bit patterns; only that it is NaN survives."""
    return "nan" in repr(value) and repr(value) == repr(crossed(value))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(DTYPES), st.lists(st.integers(0, 4), max_size=4), st.randoms(use_true_random=False))
def test_numeric_arrays_arrive_as_they_left(kind: str, shape: list[int], random: Any) -> None:
    count = math.prod(shape)
    array = np.array([random.randrange(0, 2) for _ in range(count)]).astype(kind).reshape(shape)
    back = crossed({"odd": b"x", "array": array})["array"]
    assert type(back) is np.ndarray
    assert back.shape == array.shape
    assert back.dtype == array.dtype.newbyteorder("<")
    assert not back.flags.writeable
    assert back.flags.aligned
    assert np.array_equal(back, array)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=50))
def test_noise_is_refused_or_is_data_but_never_anything_else(header: bytes, body: bytes) -> None:
    with contextlib.suppress(WireError):
        decode(header, bytearray(body))


@settings(max_examples=60, deadline=None)
@given(plain, st.integers(0, 10_000), st.integers(0, 255))
def test_a_frame_with_one_changed_byte_is_refused_or_is_data(value: Any, position: int, byte: int) -> None:
    frame = bytearray(b"".join(bytes(piece) for piece in encode(value)))
    frame[position % len(frame)] = byte
    with contextlib.suppress(WireError):
        header, body = lengths(frame[:PREFIX_BYTES])
        rest = frame[PREFIX_BYTES:]
        decode(rest[:header], rest[header : header + body])


def test_strided_readonly_and_fortran_arrays_cross() -> None:
    array = np.asfortranarray(np.arange(24.0).reshape(4, 6))[::2, ::-1]
    array.flags.writeable = False
    assert np.array_equal(crossed(array), array)


def test_the_far_side_may_change_its_arguments() -> None:
    array = crossed([b"x", np.arange(5.0)], writable=True)[1]
    array[0] = 7.0
    assert array[0] == 7.0


def test_subclasses_and_numpy_numbers_arrive_as_the_plain_type_they_are_built_on() -> None:
    class Liar(float):
        def __float__(self) -> float:
            return 99.0

        def __repr__(self) -> str:
            return "99.0"

    pair = namedtuple("pair", "a b")
    sent = [Liar(1.0), np.float64(2.5), np.int32(3), np.bool_(True), pair(1, 2), OrderedDict(a=1), (4, 5)]
    back = crossed(sent)
    assert back == [1.0, 2.5, 3, True, [1, 2], {"a": 1}, [4, 5]]
    assert [type(item) for item in back] == [float, float, int, bool, list, dict, list]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (object(), "an object is not plain data"),
        ({1, 2}, "a set is not plain data"),
        ((x for x in "ab"), "a generator is not plain data"),
        (len, "a builtin_function_or_method is not plain data"),
        ({1: 2}, "a dict key is an int; only str"),
        (np.array([object()]), "dtype object"),
        (np.array(["a"]), "dtype <U1"),
        (np.datetime64("2020-01-01"), "a datetime64 is not plain data"),
        (2**5000, "5,001 bits, 4,096 are allowed"),
        ("\ud800", "lone surrogate"),
        ({"\ud800": 1}, "lone surrogate"),
        ({"a" * 300 + "\ud800": 1}, "lone surrogate"),
    ],
)
def test_what_is_not_data_is_refused_by_name(value: Any, said: str) -> None:
    with pytest.raises(WireError, match=said):
        encode([value])


def test_too_much_is_refused_with_what_is_allowed() -> None:
    shared: list[Any] = []
    for _ in range(50):
        shared = [shared, shared]
    endless: list[Any] = []
    endless.append(endless)
    for value, said in (
        (np.zeros(1000), "8,000 bytes or more, 4,096 are allowed"),
        (shared, "more than 100 lists and dicts"),
        (endless, "deeper than 64 levels"),
        (["a" * 200] * 50, "10,151 bytes of structure, 5,000 are allowed"),
    ):
        with pytest.raises(WireError, match=said):
            encode(value, Caps(body=4096, nodes=100, header=5000))


def test_a_prefix_is_checked_before_any_memory_is_taken() -> None:
    for prefix, said in (
        (struct.pack("<4sIQ", b"EVW2", 1, 1), "not a data frame"),
        (struct.pack("<4sIQ", b"EVW1", 2**32 - 1, 1), "bytes of structure"),
        (struct.pack("<4sIQ", b"EVW1", 1, 2**63), "are allowed"),
    ):
        with pytest.raises(WireError, match=said):
            lengths(prefix)


@pytest.mark.parametrize(
    ("tree", "body"),
    [
        ({"z": 1}, b""),
        ({}, b""),
        ({"f": "nan", "c": [1.0, 2.0]}, b""),
        ({"f": "infinity"}, b""),
        ({"f": [1]}, b""),
        ({"c": [1.0]}, b""),
        ({"c": [1.0, "a"]}, b""),
        ({"m": [1]}, b""),
        ({"b": 4}, b"abc"),
        ({"b": -1}, b""),
        ({"b": True}, b"a"),
        ({"b": 2}, b"abc"),
        ({"b": 2**70}, b""),
        ({"s": 1}, b"\xff"),
        ({"F": 1}, b"1234"),
        ({"I": 2**62}, b""),
        ({"a": ["<f8", [2]]}, b"12345678"),
        ({"a": ["<f8", [-1]]}, b"12345678"),
        ({"a": ["<f8", [0, 2**50]]}, b""),
        ({"a": ["<f8", [True]]}, b"12345678"),
        ({"a": ["<f8", [1] * 40]}, b"12345678"),
        ({"a": ["<f8", 1]}, b"12345678"),
        ({"a": ["|O", [1]]}, b"12345678"),
        ({"a": [["<f8"], [1]]}, b"12345678"),
        ({"a": ["|b1", [2]]}, b"\0\2"),
        (b"NaN", b""),
        (b"[1e999]", b""),
        (b'{"m":{"a":1,"a":2}}', b""),
        (b'"\\ud800"', b""),
        (b'{"m":{"\\ud800":1}}', b""),
        (b"\xff", b""),
        (b"[1,", b""),
        (b"", b""),
        (b"9" * 2000, b""),
        (b"9" * 9000, b""),
        (b"[" * 65 + b"]" * 65, b""),
        (b"[" * 100_000 + b"]" * 100_000, b""),
        (b"[" + b"{}," * 300_000 + b"1]", b""),
    ],
)
def test_a_forged_frame_is_refused(tree: Any, body: bytes) -> None:
    with pytest.raises(WireError):
        forged(tree, body)


def test_many_brackets_are_refused_before_they_are_parsed() -> None:
    with pytest.raises(WireError, match="more than 10 lists"):
        forged(b"[" + b"[]," * 20 + b"[]]", nodes=10)


def test_the_bare_side_needs_no_numpy() -> None:
    root = str(Path(evolve.__file__).parents[1])
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from evolve.sandbox import wire; import evolve.sandbox.child;"
        "f = b''.join(wire.encode({'a': [1.5] * 20, 'b': (1, 'x')})); h, b = wire.lengths(f[:16]);"
        "assert wire.decode(f[16:16 + h], f[16 + h:])['a'] == [1.5] * 20; sys.exit('numpy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, root], check=True, timeout=30)
