"""CMA-ES on literals: one sample per proposal, within bounds, learnt from the record."""

from __future__ import annotations

import ast
import random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evolve.program import Program
from evolve_plugins.mutators.constants import Constants
from evolve_plugins.mutators.literals import Constant, around, literals, seed_literals
from evolve_plugins.mutators.source import Source

QUADRATIC = """def solve(n):
    a = 2.0
    b = 5.0
    return -(a - 0) ** 2
"""


def numbers(text):
    tree = ast.parse(text)
    return [s.value.value for s in ast.walk(tree) if isinstance(s, ast.Assign)]


def search(toy, mutator, text, cost, rounds):
    parent = toy.trial(text, 0, -cost(*numbers(text)))
    best = parent
    for number in range(1, rounds):
        proposal = toy.propose(mutator, [best], toy.context(number))
        if proposal.program is None:
            continue
        child = toy.trial(proposal.program.text, number, -cost(*numbers(proposal.program.text)), notes=proposal.notes)
        mutator.observe(child, [best])
        best = max(best, child, key=lambda t: t.fitness)
    return best


@pytest.mark.parametrize("target", [(0.7, 9.0), (3.0, 2.0)])
def test_it_finds_the_best_constants_of_a_structure(toy, target):
    text = "def solve(n):\n    a = 2.0\n    b = 5.0\n    return a * n + b\n"

    def cost(a, b):
        return float(np.log(a / target[0]) ** 2 + np.log(b / target[1]) ** 2)

    best = search(toy, Constants(), text, cost, 300)
    assert cost(*numbers(best.program.text)) < 1e-3


def test_a_single_constant_is_tuned_too(toy):
    text = "def solve(n):\n    a = 2.0\n    return a\n"
    best = search(toy, Constants(), text, lambda a: abs(a - 3.3), 150)
    assert numbers(best.program.text)[0] == pytest.approx(3.3, abs=0.05)


def test_arguments_of_primitives_stay_in_their_ranges_and_seeds_stay_put(toy):
    for seed in range(40):
        text = toy.propose(Constants(step=1.0), [toy.trial(toy.searching)], toy.context(seed)).program.text
        call = next(n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call) and ast.unparse(n.func) == "nudge")
        assert isinstance(call.args[1].value, int)
        assert 1 <= call.args[1].value <= 5
        assert 0.001 <= call.args[2].value <= 1.0
        assert ast.unparse(call.args[3]) == "17 + i"
        assert "scatter(n, 11)" in text


def test_an_initial_value_outside_its_bounds_is_clipped_first(toy):
    text = toy.searching.replace("0.1", "7.5")
    mutator = Constants()
    for number in range(1, 40):
        proposal = toy.propose(mutator, [toy.trial(text)], toy.context(number))
        mutator.observe(toy.trial(proposal.program.text, number, 1.0, notes=proposal.notes), [])
        assert 0.001 <= float(proposal.program.text.split("nudge(plan, ")[1].split(", ")[1]) <= 1.0


def test_learning_again_from_the_record_leads_to_the_same_samples(toy):
    text = "def solve(n):\n    a = 2.0\n    b = 5.0\n    return a * n + b\n"
    first = Constants()
    parent, record = toy.trial(text), []
    for number in range(1, 40):
        proposal = toy.propose(first, [parent], toy.context(number))
        record.append(toy.trial(proposal.program.text, number, float(number % 5), notes=proposal.notes))
        first.observe(record[-1], [parent])
    second = Constants()
    for trial in record:
        second.observe(trial, [parent])
    texts = [toy.propose(m, [parent], toy.context(99)).program.text for m in (first, second)]
    assert texts[0] == texts[1]


def test_global_random_states_are_left_in_place(toy):
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    search(toy, Constants(), QUADRATIC.replace("return -(a - 0) ** 2", "return a * b"), lambda a, b: a + b, 30)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


def test_failed_trials_push_the_search_away(toy):
    text = "def solve(n):\n    a = 2.0\n    b = 5.0\n    return a * n + b\n"
    mutator, parent, kept = Constants(), toy.trial(text), []
    for number in range(1, 200):
        proposal = toy.propose(mutator, [parent], toy.context(number))
        a, _ = numbers(proposal.program.text)
        fitness = None if a > 2.0 else 1.0
        kept.append(a)
        mutator.observe(toy.trial(proposal.program.text, number, fitness, notes=proposal.notes), [parent])
    assert np.mean([a <= 2.0 for a in kept[-50:]]) > 0.8


def test_programs_without_numbers_or_with_data_only_are_refused(toy):
    table = ", ".join(str(float(i)) for i in range(80))
    for text in ("def solve(n):\n    return n\n", f"T = [{table}]\n\n\ndef solve(n):\n    return T[3]\n"):
        assert "no literal" in toy.propose(Constants(), [toy.trial(text)], toy.context()).refusal


def test_old_structures_are_forgotten(toy):
    mutator = Constants(structures=2)
    for number in range(5):
        text = f"def solve(n):\n    a{number} = 2.0\n    return a{number}\n"
        proposal = toy.propose(mutator, [toy.trial(text)], toy.context(number))
        mutator.observe(toy.trial(proposal.program.text, number, 1.0, notes=proposal.notes), [])
    assert len(mutator._searches) == 2


def test_indices_seeds_and_axes_are_not_literals_to_tune(toy):
    head = "import numpy as np\nfrom toyblocks import scatter\n\n\ndef solve(n):\n"
    text = head + "    x = scatter(n, 5)[2]\n    return np.sum([x, 1.5], axis=0)\n"
    source = Source.open(Program({"program.py": text}), toy.facts)
    assert [literal.value for literal in literals(source, toy.facts.primitives)] == [1.5]
    assert [s.value for s in seed_literals(source.tree, toy.facts.primitives)] == [5]


@given(value=st.integers(-1000, 1000) | st.floats(-1e6, 1e6), seed=st.integers(0, 10**6))
@example(value=5e-324, seed=0)
@example(value=-5e-324, seed=0)
def test_bounds_around_a_literal_hold_it_and_every_draw(value, seed):
    bounds, rng = around(value), np.random.default_rng(seed)
    drawn = [bounds.draw(rng), bounds.near(value, rng), bounds.fit(value)]
    assert bounds.low <= value <= bounds.high
    assert all(bounds.low <= d <= bounds.high for d in drawn)
    assert all(isinstance(d, type(value)) for d in drawn)


@given(seed=st.integers(0, 10**6), low=st.floats(1e-6, 10), width=st.floats(0.1, 100), log=st.booleans())
def test_draws_stay_within_ranges_and_small_integers_move(seed, low, width, log):
    rng = np.random.default_rng(seed)
    real = Constant("float", low, low + width, log)
    assert real.low <= real.draw(rng) <= real.high
    whole = Constant("int", 1, 9, log)
    moved = [whole.near(5, rng) for _ in range(5)]
    assert all(1 <= m <= 9 and m != 5 for m in moved)
