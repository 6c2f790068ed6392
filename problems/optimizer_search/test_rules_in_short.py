"""Simplifying update rules: algebra changes no value, and the published raw program becomes Lion."""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pytest
from evolve_problems.optimizer_search import language, suites
from evolve_problems.optimizer_search.algebra import Algebra
from evolve_problems.optimizer_search.formula import LATEX, PLAIN, formula
from evolve_problems.optimizer_search.normal_form import NormalForm, normal_form
from evolve_problems.optimizer_search.simplify import Yardstick, simplify, without_idle_slots
from evolve_problems.optimizer_search.writing import code
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evolve.straight import Statement, StraightProgram

HEAD = "from primitives import *\n\ndef update(w, g, lr, v1, v2):\n"
RAW = """
    g = clip_by_norm(g, lr)
    g = arcsin(g)
    m = interp(g, v1, 0.899)
    m2 = m * m
    v1 = interp(g, m, 1.109)
    length = sqrt(m2)
    step = divide(m, length)
    decay = w * 0.4602
    step = step + decay
    lr = lr * 0.0002
    m = cosh(step)
    step = step * lr
    return step, v1, m
"""
LION = """
    c = interp(g, v1, 0.9)
    return lr * (sign(c) + w * 0.46), interp(g, v1, 0.99), v2
"""
FUNCTIONS = {name: len(inspect.signature(f).parameters) for name, f in language.LANGUAGE.functions.items()}
TAME = sorted(set(FUNCTIONS) - {"tan", "sinh", "cosh", "exp", "expm1", "arcsin", "arccos", "arctanh"})


def form(body: str, algebra: Algebra | None = None) -> NormalForm:
    lines = "".join(f"    {line.strip()}\n" for part in body.split("; ") for line in part.strip().splitlines())
    return normal_form(language.parsed(HEAD + lines), algebra or Algebra(language.LANGUAGE.functions))


@pytest.mark.parametrize(
    ("longer", "shorter"),
    [
        ("g * 1.0 + 0.0", "g"),
        ("g - g + w", "w"),
        ("g + g", "2.0 * g"),
        ("g * 2.0 - g * 0.5", "1.5 * g"),
        ("2.0 * (3.0 * g)", "6.0 * g"),
        ("(g + w) * lr", "lr * w + lr * g"),
        ("interp(g, g, 0.3)", "g"),
        ("interp(g, interp(g, w, 0.9), 1.1)", "interp(g, w, 0.99)"),
        ("interp(g, w, lr)", "g + lr * (w - g)"),
        ("divide(g, sqrt(g * g))", "sign(g)"),
        ("divide(g, absolute(g))", "sign(g)"),
        ("divide(g * w, square(w))", "divide(g, w)"),
        ("g * reciprocal(w)", "divide(g, w)"),
        ("sign(g * 3.0)", "sign(g)"),
        ("sign(g * -3.0)", "sign(g) * -1.0"),
        ("sign(interp(g, w, 0.9) * 7.0)", "sign(interp(g, w, 0.9))"),
        ("sign(g * lr)", "sign(g)"),
        ("sign(tanh(arctan(g)))", "sign(g)"),
        ("sign(g * w)", "sign(w) * sign(g)"),
        ("sign(exp(g))", "1.0"),
        ("sign(sign(g))", "sign(g)"),
        ("sign(g) * absolute(g)", "g"),
        ("sign(g) * sign(g)", "1.0"),
        ("absolute(g * -2.0)", "2.0 * absolute(g)"),
        ("absolute(sqrt(g))", "sqrt(g)"),
        ("sqrt(square(g))", "absolute(g)"),
        ("sqrt(g * 4.0)", "2.0 * sqrt(g)"),
        ("sqrt(g) * sqrt(g)", "absolute(g)"),
        ("square(g) * g", "cube(g)"),
        ("cbrt(cube(g))", "g"),
        ("power(g, 2.0)", "square(g)"),
        ("power(g, 0.5)", "sqrt(g)"),
        ("sin(g * -1.0)", "sin(g) * -1.0"),
        ("cos(g * -1.0)", "cos(g)"),
        ("log(exp(g))", "g"),
        ("exp(log(g))", "absolute(g)"),
        ("sinh(arcsinh(g))", "g"),
        ("maximum(g, w)", "maximum(w, g)"),
        ("maximum(g, g)", "g"),
        ("norm(g * -2.0)", "2.0 * norm(g)"),
        ("dot(g, g)", "square(norm(g))"),
        ("dot(g * 2.0, w)", "2.0 * dot(w, g)"),
        ("cosine_similarity(g * 2.0, w)", "cosine_similarity(w, g)"),
        ("cosine_similarity(g, g)", "1.0"),
        ("norm(lr)", "lr"),
        ("cos(0.0) + exp(0.0)", "2.0"),
    ],
)
def test_equal_expressions_become_the_same_and_have_the_same_values(longer: str, shorter: str) -> None:
    algebra = Algebra(language.LANGUAGE.functions)
    one, other = (form(f"return {text}, 0.0, 0.0", algebra) for text in (longer, shorter))
    assert one.update is other.update, (code(one), code(other))
    rng = np.random.default_rng(5)
    for _ in range(5):
        w, g = (rng.uniform(0.2, 2.0, 6) * rng.choice([-1.0, 1.0], 6) for _ in range(2))
        bodies = [f"{HEAD}    return {text}, 0.0, 0.0\n" for text in (longer, shorter)]
        values = [values_of(text, w, g, 0.1) for text in (*bodies, code(one))]
        assert values[0] == pytest.approx(values[1], rel=1e-6)
        assert values[0] == pytest.approx(values[2], rel=1e-6)


@pytest.mark.parametrize(
    "different", ["g", "absolute(g)", "sign(w)", "g * w", "sqrt(g)", "maximum(g, 0.0)", "g + 1.0", "g * lr"]
)
def test_unequal_expressions_stay_apart(different: str) -> None:
    algebra = Algebra(language.LANGUAGE.functions)
    assert form(f"return {different}, 0.0, 0.0", algebra).update is not form("return sign(g), 0.0, 0.0", algebra).update


def values_of(text: str, w: np.ndarray, g: np.ndarray, lr: float) -> np.ndarray:
    program = language.parsed(text)
    with np.errstate(all="ignore"):
        return np.broadcast_to(language.compiled(program)(w, g, lr, 0.3 * g, 0.7 * w)[0], w.shape)


@st.composite
def programs(draw: st.DrawFn) -> StraightProgram:
    names = ["w", "g", "lr", "v1", "v2"]
    statements = []
    for number in range(draw(st.integers(1, 8))):
        function = draw(st.sampled_from(TAME))
        numbers = st.sampled_from([0.5, -1.5, 2.0, 0.9, 1.0, 3.0])
        arguments = [
            draw(numbers if function == "power" and place == 1 else st.one_of(st.sampled_from(names), numbers))
            for place in range(FUNCTIONS[function])
        ]
        statements.append(Statement(f"t{number}", function, tuple(arguments)))
        names.append(f"t{number}")
    last = statements[-1].target
    return StraightProgram("update", ("w", "g", "lr", "v1", "v2"), tuple(statements), (last, 0.0, 0.0)).pruned()


def everything(program: StraightProgram, inputs: list) -> list[np.ndarray]:
    """All intermediate values of a program."""
    known = dict(zip(program.parameters, inputs, strict=True))
    for statement in program.statements:
        arguments = [known[a] if type(a) is str else a for a in statement.arguments]
        known[statement.target] = language.LANGUAGE.functions[statement.function](*arguments)
    return [np.asarray(known[s.target]) for s in program.statements]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(programs(), st.integers(0, 2**32 - 1))
def test_rewriting_a_random_program_changes_no_value(program: StraightProgram, seed: int) -> None:
    rng = np.random.default_rng(seed)
    w, g, v1, v2 = (rng.uniform(0.3, 2.0, 5) * rng.choice([-1.0, 1.0], 5) for _ in range(4))
    inputs = [w, g, 0.1, v1, v2]
    # Slots that feed nothing but themselves would be 0: hand them back, so that they stay what they are.
    kept = dataclasses.replace(program, results=(program.results[0], "v1", "v2"))
    with np.errstate(all="ignore"):
        between = everything(program, inputs)
        assume(all(np.all((np.abs(value) > 1e-2) & (np.abs(value) < 1e4)) for value in between))
        before = language.compiled(program)(*inputs)[0]
        after = language.compiled(language.parsed(code(_keeping_slots(kept))))(*inputs)[0]
    assert np.broadcast_to(after, (5,)) == pytest.approx(np.broadcast_to(before, (5,)), rel=1e-4, abs=1e-4)


def _keeping_slots(program: StraightProgram) -> NormalForm:
    """Return a program's form with its slots as they are, as if they were further weights."""
    algebra = Algebra(language.LANGUAGE.functions)
    known = {name: algebra.variable(name) for name in program.parameters}
    for statement in program.statements:
        arguments = [known[a] if type(a) is str else algebra.number(a) for a in statement.arguments]
        known[statement.target] = algebra.apply(statement.function, arguments)
    slots = {"v1": algebra.variable("v1"), "v2": algebra.variable("v2")}
    return NormalForm(algebra, known[program.results[0]], slots)


def test_lion_written_in_two_ways_has_one_form() -> None:
    algebra = Algebra(language.LANGUAGE.functions)
    average = "m = interp(g, v1, 0.9); v = interp(g, m, 1.1)"
    raw = f"{average}; s = divide(m, sqrt(m * m)); return (s + 0.46 * w) * lr * 0.0002, v, cosh(s)"
    found, lion = form(raw, algebra), form(LION, algebra)
    assert found.rate_scale() == pytest.approx(0.0002)
    assert found.unscaled().same_as(lion)
    assert not found.same_as(lion)


def updates(program: StraightProgram) -> np.ndarray:
    """What a rule does along 60 noisy gradients of length 0.1, at weights of size 3, as if it had run for long."""
    rng = np.random.default_rng(11)
    w = 3.0 * rng.normal(size=40)
    way = rng.normal(size=40)
    gradients = [way + 0.7 * rng.normal(size=40) for _ in range(60)]
    rule, v1, v2, found = language.compiled(program), 0.0, 0.0, []
    for g in gradients:
        step, v1, v2 = rule(w, 0.1 * g / np.linalg.norm(g), 0.1, v1, v2)
        found.append(np.broadcast_to(step, w.shape))
    return np.array(found)


def test_the_published_raw_program_becomes_lion_when_updates_may_change_a_little() -> None:
    raw = updates(language.parsed(HEAD + RAW.lstrip("\n")))

    def closeness(program: StraightProgram, task: object) -> float:
        return -float(np.linalg.norm(updates(program) - raw) / np.linalg.norm(raw))

    short = simplify(HEAD + RAW.lstrip("\n"), lambda program: Yardstick(program, [None], 0.3, closeness))
    assert short.statements[:2] == (12, 11)
    assert short.form.rate_scale() == pytest.approx(0.0002)
    found = short.form.unscaled()
    assert found.same_as(form(LION, found.algebra)), short.source
    assert formula(found) == "w ← w − η·(sign(0.9·m + 0.1·g) + 0.46·w)\nm ← 0.99·m + 0.01·g"


def test_what_the_small_tasks_leave_of_the_published_raw_program_is_a_sign() -> None:
    """They are short, so that they need neither the decay nor the averages."""
    source = HEAD + RAW.lstrip("\n").replace("0.0002", "0.8")  # its learning rates are about 4,000 times as high
    short = simplify(source, lambda program: Yardstick(program, suites.TRAIN, 0.02))
    assert "sign(" in formula(short.form.unscaled())
    assert len(short.form.unscaled().slots) <= 1


def test_a_slot_counts_only_if_it_reaches_the_update_at_some_time() -> None:
    text = HEAD + "    a = interp(g, v2, 0.9)\n    b = exp(v1)\n    c = v1 + a\n    return g * v2, c, a\n"
    program = without_idle_slots(language.parsed(text))
    assert program.results[1] == 0.0
    assert [statement.function for statement in program.statements] == ["interp", "multiply"]


def test_a_slot_that_starts_at_0_and_stays_there_is_0() -> None:
    assert code(form("return g + v1, v1 * 2.0, v2")) == code(form("return g, 0.0, 0.0"))


def test_two_slots_that_always_agree_are_one() -> None:
    found = form("m = interp(g, v1, 0.9); n = v2 + 0.1 * (g - v2); return m * lr + n * lr, m, n")
    assert list(found.slots) == ["m"]
    assert formula(found) == "m′ = 0.9·m + 0.1·g\nw ← w − 2·η·m′\nm ← m′"


def test_a_sum_of_gradients_is_read_as_their_moving_average() -> None:
    found = form("m = v1 * 0.9 + g; return m * lr, m, v2")
    assert formula(found).splitlines()[0] == "m′ = 0.9·m + 0.1·g"
    assert "10·η·m′" in formula(found)


def test_simplifying_drops_what_hardly_matters_and_keeps_what_does() -> None:
    body = """
    a = tanh(g * 0.001)
    m = interp(g, v1, 0.9)
    v = interp(square(g), v2, 0.99)
    s = divide(m, sqrt(v)) + a
    return s * lr, m, v
"""
    short = simplify(HEAD + body.lstrip("\n"), lambda program: Yardstick(program, suites.TRAIN[3:5], 0.01))
    assert "divide" in short.source
    assert "sqrt" in short.source
    assert "tanh" not in short.source
    assert short.scores[1] >= short.scores[0] - 0.01


def test_formulas_come_in_plain_text_and_in_latex() -> None:
    found = form("m = interp(g, v1, 0.9); v = interp(square(g), v2, 0.99); return divide(m, sqrt(v)) * lr, m, v")
    assert formula(found, PLAIN).splitlines()[2] == "w ← w − η·m′ / √(v′)"
    assert formula(found, LATEX).splitlines()[2] == r"w \leftarrow w - \frac{\eta \, m'}{\sqrt{v'}}"
