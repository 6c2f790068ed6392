"""Class keys: equal for programs that behave the same, and never for programs that do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolve import CandidateError, Program
from evolve.fingerprint import behaviour_key, source_key, structure_key, text_key


def program(text: str, **others: str) -> Program:
    return Program({"program.py": text, **{f"{name}.py": body for name, body in others.items()}})


def key(text: str, entry: str = "pack") -> str:
    return source_key(program(text), entry)


DIFFERENT = {
    "a keyword argument and a parameter that no longer match": (
        "def h(a=1, b=2): return a - b\ndef pack(n): return h(a=n)",
        "def h(b=1, a=2): return b - a\ndef pack(n): return h(a=n)",
    ),
    "the parameters of the entry": ("def pack(n): return n", "def pack(m): return m"),
    "the name of the entry": ("def pack(n): return n", "def pick(n): return n"),
    "a global and a local": (
        "x = 1\ndef g(): return x\ndef pack(n):\n global x\n x = n\n return g()",
        "x = 1\ndef g(): return x\ndef pack(n):\n x = n\n return g()",
    ),
    "a local that is bound in unreachable code": (
        "x = 1\ndef pack(n):\n return x\n x = 2",
        "x = 1\ndef pack(n):\n return x\n y = 2",
    ),
    "a generator by an unreachable yield": ("def pack(n):\n return 1\n yield", "def pack(n):\n return 1\n pass"),
    "1 and True": ("def pack(n): return 1", "def pack(n): return True"),
    "1 and 1.0": ("def pack(n): return 1", "def pack(n): return 1.0"),
    "an integer and its text": ("def pack(n): return 1", "def pack(n): return '1'"),
    "a name seen through locals()": (
        "def pack(n):\n a = 1\n return sorted(locals())",
        "def pack(n):\n b = 1\n return sorted(locals())",
    ),
    "a name seen through __name__": (
        "def g(): pass\ndef pack(n): return g.__name__",
        "def h(): pass\ndef pack(n): return h.__name__",
    ),
    "a docstring that is read": (
        "def g(): 'a'\ndef pack(n): return g.__doc__",
        "def g(): 'b'\ndef pack(n): return g.__doc__",
    ),
    "a name in an f-string that shows it": (
        "def pack(n):\n a = n\n return f'{a=}'",
        "def pack(n):\n b = n\n return f'{b=}'",
    ),
    "an unused import that may fail": ("import rare\ndef pack(n): return n", "def pack(n): return n"),
    "an unused name that is not there": ("from math import cosine\ndef pack(n): return n", "def pack(n): return n"),
    "an unused call": ("def pack(n):\n x = n.pop()\n return n", "def pack(n):\n return n"),
    "two imports that fight for a name": (
        "from math import sqrt as f\nfrom cmath import sqrt as f\ndef pack(n): return f(n)",
        "from cmath import sqrt as f\nfrom math import sqrt as f\ndef pack(n): return f(n)",
    ),
    "a builtin that is only sometimes hidden": (
        "if 0:\n sum = None\ndef pack(n): return sum([n])",
        "if 0:\n add = None\ndef pack(n): return add([n])",
    ),
    "a class body that falls back to the module": (
        "x = 1\nclass A:\n y = x\n x = 2\ndef pack(n): return A.y",
        "z = 1\nclass A:\n y = x\n x = 2\ndef pack(n): return A.y",
    ),
    "a callback whose argument a library looks for": (
        "def pack(n):\n def g(intermediate_result): return 1\n return n(g)",
        "def pack(n):\n def g(result): return 1\n return n(g)",
    ),
    "a function that may be called from outside": (
        "def init(): return 1\ndef pack(n): return n",
        "def pack(n): return n",
    ),
    "the submodule that a dotted import brings": (
        "import os.path as p\ndef pack(n): return p",
        "import os as p\ndef pack(n): return p",
    ),
    "an attribute": ("def pack(n): return n.a", "def pack(n): return n.b"),
    "a star import": ("from m import *\nx = 1\ndef pack(n): return x", "from m import *\ny = 1\ndef pack(n): return y"),
    "a keyword-only parameter": (
        "def pack(n):\n def g(*, a=1): return a\n return g",
        "def pack(n):\n def g(a=1): return a\n return g",
    ),
}


@pytest.mark.parametrize("what", sorted(DIFFERENT))
def test_a_difference_that_can_be_seen_keeps_programs_apart(what: str) -> None:
    one, other = DIFFERENT[what]
    assert key(one) != key(other)


EQUAL = {
    "docstrings and layout": ("def pack(n):\n  'doc'\n  return (n)", "def pack( n ):\n\n    return n  # n"),
    "a value that nobody reads": ("def pack(n):\n x = [1, (2, -3.0)]\n return n", "def pack(n): return n"),
    "a chain of values that nobody reads": (
        "def pack(n):\n def g(): return h\n h = 2\n return n",
        "def pack(n): return n",
    ),
    "a table that nobody reads": ("BAKED_1 = {3: [0.1]}\ndef pack(n): return n", "def pack(n): return n"),
    "a private function that nobody calls": ("def _g(a=1): return a\ndef pack(n): return n", "def pack(n): return n"),
    "statements behind a return": ("def pack(n):\n return n\n print(1)", "def pack(n):\n return n"),
    "statements behind a break": (
        "def pack(n):\n for i in n:\n  break\n  n = 1\n return n",
        "def pack(n):\n for i in n:\n  break\n return n",
    ),
    "imports that nobody uses": (
        "import math, random\nfrom itertools import chain\ndef pack(n): return n",
        "def pack(n): return n",
    ),
    "imports on one line": (
        "import math, cmath\ndef pack(n): return math, cmath",
        "import cmath\nimport math\ndef pack(n): return math, cmath",
    ),
    "an alias": ("import numpy as np\ndef pack(n): return np.pi", "import numpy\ndef pack(n): return numpy.pi"),
    "the argument of a comprehension": (
        "def pack(n): return {a: b for a, b in n}",
        "def pack(n): return {b: a for b, a in n}",
    ),
    "pass": ("def pack(n):\n if n:\n  pass\n else:\n  pass\n return n", "def pack(n):\n if n:\n  ...\n return n"),
}


@pytest.mark.parametrize("what", sorted(EQUAL))
def test_a_difference_that_nothing_can_see_makes_no_new_class(what: str) -> None:
    one, other = EQUAL[what]
    assert key(one) == key(other)


def test_without_an_entry_no_top_level_name_is_free() -> None:
    assert key("def g(a): return a", "") != key("def h(a): return a", "")
    assert key("def g(a):\n x = a\n return x", "") == key("def g(a):\n y = a\n return y", "")


def test_several_entries_are_kept_and_a_signature_is_read() -> None:
    one, other = "def init(): return 1\ndef pack(n): return init()", "def make(): return 1\ndef pack(n): return make()"
    assert key(one, "pack(n: int) -> list") == key(other, "pack(n: int) -> list")
    assert key(one, "init, pack") != key(other, "init, pack")


def test_a_file_that_does_not_parse_counts_with_its_text() -> None:
    assert key("def pack(:  # a") != key("def pack(:  # b")
    assert key("def pack(:") == key("def pack(:")
    assert key("x = " + "(" * 3000) == key("x = " + "(" * 3000)


def test_in_a_program_of_several_files_only_local_names_are_free() -> None:
    main = "import lib\ndef pack(n): return lib.g(n)"
    same = program(main, lib="def g(n):\n a = n\n return a  # a")
    assert source_key(program(main, lib="def g(n):\n b = n\n return b"), "pack") == source_key(same, "pack")
    assert source_key(program(main, lib="def h(n):\n a = n\n return a"), "pack") != source_key(same, "pack")
    assert source_key(Program({"program.py": main, "data.json": "1"}), "pack") != source_key(
        Program({"program.py": main, "data.json": "1 "}), "pack"
    )


def test_the_text_key_is_the_text() -> None:
    assert text_key(program("x = 1")) == text_key(program("x = 1"))
    assert text_key(program("x = 1")) != text_key(program("x = 1 "))


# --- behaviour --------------------------------------------------------------------------------------------------------


def test_answers_that_differ_in_the_last_bits_behave_the_same() -> None:
    assert behaviour_key([0.1 + 0.2, -0.0]) == behaviour_key([0.3, 0.0])
    assert behaviour_key(np.array([1.0, 1 / 3])) == behaviour_key(np.array([1.0, 1 / 3 + 1e-15]))


@given(st.floats(min_value=1e-300, max_value=1e300), st.floats(min_value=2e-9, max_value=0.5))
def test_answers_that_differ_in_the_first_eight_digits_do_not(value: float, relative: float) -> None:
    assert behaviour_key(value) != behaviour_key(value * (1 + relative))


@given(st.floats(), st.integers(1, 53))
def test_a_number_of_python_has_the_key_of_a_number_of_numpy(value: float, digits: int) -> None:
    assert behaviour_key([value, 1.0], digits) == behaviour_key([np.array(value)[()], np.float64(1.0)], digits)


def test_every_kind_of_answer_has_its_own_key() -> None:
    answers: list[object] = [
        None, True, 1, 1.0, 2, "1", b"1", 1j, [1], [[1]], [1, 1], [], {}, {"a": 1}, {"b": 1}, {"a": 2},
        float("nan"), float("inf"), float("-inf"), np.array([1]), np.array([1.0]), np.array([[1.0]]),
        CandidateError("error", "ValueError: no"), CandidateError("timeout", ""), CandidateError("error", "KeyError"),
    ]  # fmt: skip
    assert len({behaviour_key(answer) for answer in answers}) == len(answers)


def test_an_error_is_the_same_wherever_its_objects_lay_in_memory() -> None:
    one, other = (CandidateError("error", f"<object at 0x{place}> is odd") for place in ("7f00aa10", "7f11bb20"))
    assert behaviour_key(one) == behaviour_key(other)


def test_a_mapping_behaves_the_same_in_any_order() -> None:
    assert behaviour_key({"a": 1, "b": float("nan")}) == behaviour_key({"b": float("nan"), "a": 1})


def test_an_answer_that_is_not_plain_data_is_refused() -> None:
    with pytest.raises(TypeError, match="plain data, not object"):
        behaviour_key(object())
    with pytest.raises(TypeError, match="array of object"):
        behaviour_key(np.array([object()]))


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("def pack(n):\n    z = n * -0.5e-3  # less\n    return z, 4", True),
        ("def pack(n):\n    y = n * 7\n    return y, 0.0", True),
        ("def pack(n):\n    y = n + 2.0\n    return y, 3", False),
        ("def pack(n):\n    y = n * n\n    return y, 3", False),
        ("def pack(n):\n    y = n * 2.0\n    return y, '3'", False),
        ("def pack(n) return n", False),
    ],
)
def test_programs_of_one_structure_differ_in_their_numbers_only(other: str, same: bool) -> None:
    one = program("def pack(n):\n    y = n * 2.0\n    return y, 3")
    assert (structure_key(program(other)) == structure_key(one)) is same
