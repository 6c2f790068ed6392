"""Genetic programming: trees, their Python, and the variation of both."""

from __future__ import annotations

import ast
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evolve_plugins.mutators import breeding, canonical
from evolve_plugins.mutators.gp import GP
from evolve_plugins.mutators.grammar import Grammar

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
OPERATORS = ("subtree", "point", "shrink", "wrap", "loop")


def parsed(text):
    return ast.parse(text).body[-1]


@QUICK
@given(seed=st.integers(0, 10**9), size=st.integers(2, 40), steps=st.integers(0, 4))
def test_reading_what_was_written_gives_the_same_tree(toy, seed, size, steps):
    grammar, rng = Grammar(toy.facts.primitives), np.random.default_rng(seed)
    tree = breeding.fresh(grammar, size, rng)
    for _ in range(steps):
        _, child = breeding.vary(grammar, tree, tree, rng)
        tree = child if breeding.sound(child) and len(child) <= 120 else tree
    assert canonical.read(grammar, parsed(canonical.write(grammar, tree))) == tree


@QUICK
@given(seed=st.integers(0, 10**9))
def test_every_child_runs_and_answers_for_every_argument(toy, seed):
    gp, rng = GP(), np.random.default_rng(seed)
    family = [toy.trial(toy.searching, 0), toy.trial(toy.naive, 1)]
    for _ in range(4):
        proposal = toy.propose(gp, family, toy.context(int(rng.integers(10**9))))
        if proposal.program is not None:
            assert len(toy.run(proposal.program.text, 4)) == 4
            family = [toy.trial(proposal.program.text, 2), family[0]]


def test_nested_loops_read_as_a_person_would_write_them(toy):
    grammar = Grammar(toy.facts.primitives)
    text = """def solve(n):
    plan = settle(scatter(n, 3))
    for i in range(5):
        plan2 = settle(nudge(plan, 2, 0.1, 7 + i))
        for j in range(3):
            plan2 = better(plan2, settle(nudge(plan2, 1, 0.01, 9 + j + 97 * i)))
        plan = better(plan, plan2)
    return plan"""
    tree = canonical.read(grammar, parsed(text))
    assert canonical.write(grammar, tree) == text


def test_a_baked_start_survives_reading_and_writing(toy):
    grammar = Grammar(toy.facts.primitives)
    text = """def solve(n):
    plan = BAKED[n] if n in BAKED else settle(scatter(n, 3))
    return settle(nudge(plan, 2, 0.1, 7))"""
    assert canonical.write(grammar, canonical.read(grammar, parsed(text))) == text


@pytest.mark.parametrize(
    "body",
    [
        "return sorted(range(n))",
        "return settle(scatter(n + 1, 3))",
        "return settle(scatter(n))",
        "return scatter(n, 3)",
        "while True:\n        pass",
        "plan = settle(scatter(n, 3))\n    for i in range(n):\n        plan = settle(plan)\n    return plan",
    ],
)
def test_what_trees_cannot_say_is_turned_away(toy, body):
    with pytest.raises(canonical.NotInSubset):
        canonical.read(Grammar(toy.facts.primitives), parsed(f"def solve(n):\n    {body}"))


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_asked_for_by_name_is_the_one_used(toy, name):
    made = {
        toy.propose(GP(), [toy.trial(toy.searching)], toy.context(s, operator=f"gp.{name}")).operator for s in range(9)
    }
    assert made == {f"gp.{name}"}


def test_a_parent_that_is_no_tree_gets_a_fresh_program(toy):
    proposal = toy.propose(GP(), [toy.trial(toy.naive)], toy.context())
    assert proposal.operator == "gp.fresh"
    assert proposal.parents == (0,)
    refused = toy.propose(GP(), [toy.trial(toy.naive)], toy.context(operator="gp.point"))
    assert refused.program is None
    assert "not made of primitives" in refused.refusal


def test_a_restart_gets_a_fresh_program_also_from_a_tree(toy):
    context = toy.context(purpose="restart")
    assert toy.propose(GP(), [toy.trial(toy.searching)], context).operator == "gp.fresh"


def test_a_mate_lends_a_part_and_its_baked_values(toy):
    baked = """from toyblocks import nudge, scatter, settle
BAKED = {6: [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}


def solve(n):
    plan = BAKED[n] if n in BAKED else settle(scatter(n, 3))
    return settle(nudge(plan, 2, 0.1, 7))
"""
    family = [toy.trial(toy.searching, 4), toy.trial(baked, 9)]
    made = [toy.propose(GP(), family, toy.context(seed, operator="gp.mate")) for seed in range(40)]
    assert {p.parents for p in made if p.program} == {(4, 9)}
    improvers = [p for p in made if p.program and "BAKED[n]" in p.program.text]
    assert improvers
    for proposal in improvers:
        assert proposal.notes["improver"] is True
        assert len(toy.run(proposal.program.text, 6)) == 6


def test_a_proposal_depends_on_the_stream_alone_and_leaves_the_global_one_in_place(toy):
    parents = [toy.trial(toy.searching)]
    random.seed(5)
    before = random.getstate()
    texts = [[toy.propose(GP(), parents, toy.context(seed)).program.text for seed in range(15)] for _ in range(2)]
    assert texts[0] == texts[1]
    assert random.getstate() == before


def test_trees_stay_within_the_size_asked_for(toy):
    grammar, gp = Grammar(toy.facts.primitives), GP(max_nodes=15)
    parent = toy.trial("from toyblocks import scatter, settle\n\n\ndef solve(n):\n    return settle(scatter(n, 3))\n")
    for seed in range(60):
        proposal = toy.propose(gp, [parent], toy.context(seed))
        if proposal.program is not None:
            parent = toy.trial(proposal.program.text)
            assert len(canonical.read(grammar, parsed(parent.program.text))) <= 15


def test_a_problem_without_primitives_is_unfit(toy):
    assert "no primitives" in GP().unfit(toy.bare)
    assert "no primitives" in toy.propose(GP(), [toy.trial(toy.naive)], toy.context(problem=toy.bare)).refusal
