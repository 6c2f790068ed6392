"""Straight-line programs: what is one, what it computes, and what it shares a class with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolve.straight import (
    Choice,
    NotStraight,
    Signature,
    Statement,
    StraightProgram,
    check,
    compile_straight,
    dataflow_key,
    read,
    write,
)
from evolve_plugins.mutators.straight_edits import EDITS, Editor

Functions = Mapping[str, Callable[..., Any]]

PLAIN = '''"""A rule."""

from primitives import half, named, power


def f(x, y):
    """Return two numbers."""
    old = x
    x = half(x + 2) * y
    colour = "blue"
    z = power(x, 2) - named(colour)
    return z, old
'''


def _random_program(signature: Signature, seed: int, edits: int = 25) -> StraightProgram:
    rng = np.random.default_rng(seed)
    editor = Editor(signature, rng)
    program = read("def f(x, y):\n    return x, y\n", signature)
    for _ in range(edits):
        child = list(EDITS.values())[rng.integers(len(EDITS))](replace(editor, mate=program), program)
        try:
            if child is not None:
                check(child, signature)
                program = child
        except NotStraight:
            pass
    return program


def _as_python(text: str, functions: Functions) -> Callable[..., Any]:
    """Run a text as any interpreter would."""
    module = ModuleType("primitives")
    module.__dict__.update(functions)
    space: dict[str, Any] = {}
    with mock.patch.dict("sys.modules", {"primitives": module}):
        exec(text, space)
    entry: Callable[..., Any] = space["f"]
    return entry


class TestReading:
    def test_nested_expressions_become_statements_and_other_names_are_followed(self, signature: Signature) -> None:
        program = read(PLAIN, signature)
        assert [s.function for s in program.statements] == ["add", "half", "multiply", "power", "named", "subtract"]
        assert program.results[1] == "x", "old is what x was"
        assert program.statements[2].target != "x", "x is still wanted under its other name"

    def test_it_computes_what_python_computes(self, signature: Signature, functions: Functions) -> None:
        ran = compile_straight(read(PLAIN, signature), functions)(3.0, 5.0)
        assert ran == _as_python(PLAIN, functions)(3.0, 5.0) == ((2.5 * 5.0) ** 2 + 2.0, 3.0)

    @given(seed=st.integers(0, 10**6))
    @settings(max_examples=150, deadline=None)
    def test_what_is_written_is_read_back_both_ways_and_runs_alike(
        self, signature: Signature, functions: Functions, seed: int
    ) -> None:
        program = _random_program(signature, seed)
        text = write(program, signature.blocks)
        assert read(text, signature) == program
        parsed = read(f"# read as Python\n{text}", signature)
        assert dataflow_key(parsed) == dataflow_key(program)
        here, there = compile_straight(program, functions), _as_python(text, functions)
        assert here(0.7, -1.3) == pytest.approx(there(0.7, -1.3), nan_ok=True)

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            ("    while True:\n        pass\n    return x, y", "line 2: while True:"),
            ("    return x.real, y", "line 2: x.real"),
            ("    return [x][0], y", r"line 2: \[x\]\[0\]"),
            ("    return x / y, y", "line 2: x / y"),
            ("    return x ** 99999999, y", "line 2"),
            ("    return open('/etc/passwd'), y", "line 2: open is no primitive"),
            ("    return half(x, y), y", "half takes 1 arguments"),
            ("    return half(a0=x), y", "line 2"),
            ("    return half(z), y", "z has no value"),
            ("    return half(box(x)), y", "not a float"),
            ("    return named('green'), y", "'green' is no Colour"),
            ("    return power(x, 9), y", "9 is not within 0 and 3"),
            ("    return power(x, 1.0), y", "1.0 is no int"),
            ("    return power(x, y), y", "y is a float, not a int"),
            ("    return half(1e999), y", "a number is too large"),
            ("    return half(True), y", "line 2: True"),
            ("    return True, y", "line 2: True|True, which has no value"),
            ("    return x", "returns 1 values; 2 are wanted"),
            ("    return box(x), y", "a Box; a float is wanted"),
            ("    x = y = half(x)\n    return x, y", "line 2"),
            ("    half = x\n    return half, y", "half cannot be the name of a value"),
            ("    x += y\n    return x, y", "line 2"),
            ("    (lambda: 0)()\n    return x, y", "line 2"),
            ("    return f(x, y), y", "f is no primitive"),
            ("    x = half(x)", "does not end in `return`"),
        ],
    )
    def test_anything_else_is_refused_in_one_line(self, signature: Signature, body: str, why: str) -> None:
        head = "from primitives import box, half, named, power\n\n\ndef f(x, y):\n"
        with pytest.raises(NotStraight, match=why.replace("line 2", r"line \d")) as caught:
            read(f"{head}{body}\n", signature)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        "text",
        [
            "import os\n\n\ndef f(x, y):\n    return x, y\n",
            "from os import system as half\n\n\ndef f(x, y):\n    return half(x), y\n",
            "from primitives import half as add\n\n\ndef f(x, y):\n    return add(x, y), y\n",
            "def f(x, y=[]):\n    return x, y\n",
            "def f(*x):\n    return x, x\n",
            "@print\ndef f(x, y):\n    return x, y\n",
            "def g(x, y):\n    return x, y\n",
            "def f(x, x):\n    return x, x\n",
            "def f(x, y):\n    return x, y\n\n\ndef f(x, y):\n    return y, x\n",
            "def f(x, y):\n    for = x + y\n    return x, y\n",
            "def f(x, y):\n    __debug__ = x + y\n    return x, y\n",
            "def f(x, y):\n    z = half(x)\n    return z, y\n",
            "def f(x, y):\n    z = 007 + x\n    return z, y\n",
            "def f(x, y):\n    return " + "(" * 5000 + "x" + ")" * 5000 + ", y\n",
            "def f(x, y):\n    return x, y\n" + "#" * 70_000,
            "def f(x, y):\n" + "    x = x + y\n" * 300 + "    return x, y\n",
            "def f(x, y):\n    return x, " + "9" * 5000 + "\n",
            "\0",
            "",
        ],
    )
    def test_modules_that_do_more_or_are_no_python_are_refused(self, signature: Signature, text: str) -> None:
        with pytest.raises(NotStraight):
            read(text, signature)

    @given(text=st.text(alphabet="defxyreturnhalf(), =+-*'0129.\n  ", max_size=120))
    @settings(max_examples=300, deadline=None)
    def test_what_is_read_is_python_that_computes_the_same(
        self, signature: Signature, functions: Functions, text: str
    ) -> None:
        whole = f"from primitives import half\n\n\ndef f(x, y):\n    z = {text}\n    return z, y\n"
        try:
            program = read(whole, signature)
        except NotStraight:
            return
        assert compile_straight(program, functions)(0.5, 2.0) == _as_python(whole, functions)(0.5, 2.0)


class TestDeadStatements:
    def test_only_what_a_result_depends_on_is_live(self, signature: Signature) -> None:
        program = read(
            "def f(x, y):\n    a = x + y\n    b = x - y\n    a = a * y\n    c = b + b\n    return a, y\n", signature
        )
        assert program.live == (True, False, True, False)
        assert [s.function for s in program.pruned().statements] == ["add", "multiply"]

    @given(seed=st.integers(0, 10**6))
    @settings(max_examples=60, deadline=None)
    def test_dropping_them_changes_nothing(self, signature: Signature, functions: Functions, seed: int) -> None:
        program = _random_program(signature, seed)
        whole, pruned = compile_straight(program, functions), compile_straight(program.pruned(), functions)
        assert whole(0.4, 2.5) == pytest.approx(pruned(0.4, 2.5), nan_ok=True)
        assert all(program.pruned().live)


class TestDataflowKey:
    def _key(self, signature: Signature, text: str) -> str:
        return dataflow_key(read(text, signature), signature.blocks.commutative)

    def test_names_order_repeats_and_dead_statements_do_not_count(self, signature: Signature) -> None:
        one = "def f(x, y):\n    a = x + y\n    b = x - y\n    return a * b, y\n"
        other = "def f(u, v):\n    p = u - v\n    q = v + u\n    dead = p * p\n    q = u + v\n    return p * q, v\n"
        assert self._key(signature, one) == self._key(signature, other)

    @pytest.mark.parametrize(
        "text",
        [
            "def f(x, y):\n    return x + y, x\n",
            "def f(x, y):\n    return y, x + y\n",
            "def f(x, y):\n    return y - x, y\n",
            "def f(x, y):\n    return x - y, y\n",
            "def f(x, y):\n    return x + 1.0, y\n",
            "def f(x, y):\n    return x + 1.0000000001, y\n",
        ],
    )
    def test_other_graphs_other_results_and_other_numbers_count(self, signature: Signature, text: str) -> None:
        assert self._key(signature, text) != self._key(signature, "def f(x, y):\n    return x + y, y\n")

    @given(seed=st.integers(0, 10**6), swap=st.integers(0, 20))
    @settings(max_examples=80, deadline=None)
    def test_exchanging_independent_neighbours_keeps_it(self, signature: Signature, seed: int, swap: int) -> None:
        program = _random_program(signature, seed)
        if len(program.statements) < 2:
            return
        place = swap % (len(program.statements) - 1)
        first, second = program.statements[place : place + 2]
        if first.target in (*second.names, second.target) or second.target in first.names:
            return
        order = (*program.statements[:place], second, first, *program.statements[place + 2 :])
        assert dataflow_key(replace(program, statements=order)) == dataflow_key(program)


def test_no_text_of_the_author_reaches_the_compiler(functions: Functions) -> None:
    """Even a program that nobody checked cannot smuggle code through its names and literals."""
    nasty = "x): import os #"
    program = StraightProgram("f", (nasty,), (Statement("a\nb", "named", (Choice("red"),)),), ("a\nb", nasty))
    assert compile_straight(program, functions)(7.0) == (1.5, 7.0)
