"""Edits of ordinary Python, and crossover of two programs."""

from __future__ import annotations

import ast

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evolve.program import Program
from evolve_plugins.mutators.ast_edit import EDITS, AstEdit
from evolve_plugins.mutators.crossover import Crossover
from evolve_plugins.mutators.inference import fits, infer, scope_of
from evolve_plugins.mutators.source import Source
from evolve_plugins.mutators.workbench import Workbench

RICH = '''"""Everything an edit may touch."""
import math

from toyblocks import better, nudge, scatter, settle

LIMIT = 3.5


def weight(i: int, scale: float):
    value = i * scale + 0.5
    if value > LIMIT and i < 10:
        value = value / 2.0
    return value


def solve(n):
    plan = settle(scatter(n, 11))
    other = settle(scatter(n, 12))
    size = 0.1
    total = 0.0
    for i in range(4):
        plan = better(plan, settle(nudge(plan, 2, size, 17 + i)))
        total += weight(i, size)
    return better(plan, other) if total > 0.0 else other
'''
BLOCKED = RICH.replace("def weight", "# EVOLVE-BLOCK-START\ndef weight").replace(
    "\n\ndef solve", "\n# EVOLVE-BLOCK-END\n\n\ndef solve"
)


@pytest.mark.parametrize("name", EDITS)
def test_each_edit_makes_programs_that_compile_and_mostly_run(toy, name):
    parent, ran, made = toy.trial(RICH), 0, 0
    for seed in range(12):
        proposal = toy.propose(AstEdit(edits=1), [parent], toy.context(seed, operator=f"ast_edit.{name}"))
        assert proposal.operator == f"ast_edit.{name}"
        made += proposal.program.text != RICH
        ran += toy.runs(proposal.program.text)
    assert made == 12
    assert ran >= 6


def test_children_of_a_naive_program_run_more_often_than_not(toy):
    parent, ran = toy.trial(toy.naive), 0
    for seed in range(40):
        proposal = toy.propose(AstEdit(), [parent], toy.context(seed))
        ran += toy.runs(proposal.program.text)
    assert ran > 16


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_children_differ_from_the_parent_and_come_from_the_stream_alone(toy, seed):
    parent = toy.trial(RICH)
    pair = [toy.propose(AstEdit(), [parent], toy.context(seed)) for _ in range(2)]
    assert pair[0].program == pair[1].program
    assert ast.dump(ast.parse(pair[0].program.text)) != ast.dump(ast.parse(RICH))


def test_edits_stay_inside_the_evolvable_region(toy):
    text = RICH.replace("def solve", "# EVOLVE-BLOCK-START\ndef solve") + "# EVOLVE-BLOCK-END\n"
    frozen = Program({"program.py": text}).frozen_parts()
    for seed in range(40):
        proposal = toy.propose(AstEdit(), [toy.trial(text)], toy.context(seed))
        assert proposal.program.frozen_parts() == frozen


def test_a_program_whose_entry_is_frozen_is_left_to_others(toy):
    refused = toy.propose(AstEdit(), [toy.trial(BLOCKED)], toy.context())
    assert refused.program is None
    assert "no evolvable function 'solve'" in refused.refusal


def test_literals_of_primitives_stay_in_their_ranges(toy):
    head = "from toyblocks import nudge, scatter, settle\n\n\ndef solve(n):\n"
    text = head + "    return settle(nudge(settle(scatter(n, 1)), 3, 0.1, 7))\n"
    for seed in range(60):
        context = toy.context(seed, operator="ast_edit.constant")
        child = toy.propose(AstEdit(edits=1), [toy.trial(text)], context).program.text
        call = next(n for n in ast.walk(ast.parse(child)) if isinstance(n, ast.Call) and ast.unparse(n.func) == "nudge")
        k, size = (ast.literal_eval(a) for a in call.args[1:3])
        assert 1 <= k <= 5
        assert 0.001 <= size <= 1.0


def test_primitives_enter_a_program_that_has_none(toy):
    made = [
        toy.propose(AstEdit(edits=1), [toy.trial(toy.naive)], toy.context(s, operator="ast_edit.primitive"))
        for s in range(20)
    ]
    texts = [p.program.text for p in made if p.program]
    assert texts
    assert all("from toyblocks import" in text and len(toy.run(text)) == 6 for text in texts)


def test_a_program_with_nothing_to_edit_is_refused(toy):
    refused = toy.propose(AstEdit(), [toy.trial("def solve(n):\n    pass\n")], toy.context(problem=toy.bare))
    assert refused.program is None
    assert "changed the program" in refused.refusal


def test_types_are_told_from_literals_annotations_and_primitives(toy):
    tree = ast.parse(RICH)
    solve = next(s for s in tree.body if isinstance(s, ast.FunctionDef) and s.name == "solve")
    weight = next(s for s in tree.body if isinstance(s, ast.FunctionDef) and s.name == "weight")
    blocks = toy.facts.primitives
    assert dict(scope_of(solve, blocks).types) == {
        "n": "int", "plan": "Plan", "other": "Plan", "size": "float", "total": "float", "i": "int"
    }  # fmt: skip
    assert dict(scope_of(weight, blocks).types) == {"i": "int", "scale": "float", "value": "float"}
    assert "other" not in scope_of(solve, blocks).before(solve.body[1].lineno)
    assert infer(ast.parse("n // 2 + 1", mode="eval").body, {"n": "int"}, blocks) == "int"
    assert infer(ast.parse("unknown(n)", mode="eval").body, {"n": "int"}, blocks) == ""
    assert fits("int", "float")
    assert not fits("", "")


def test_a_call_of_a_primitive_has_arguments_of_the_right_types(toy):
    bench = Workbench(
        Source.open(Program({"program.py": RICH}), toy.facts), toy.facts.primitives, np.random.default_rng(0)
    )
    for _ in range(20):
        call = bench.call("Plan", {"n": "int", "mine": "Plan", "points": "Points"})
        assert ast.unparse(call) in ("settle(points)", "better(mine, mine)")
    assert bench.call("Plan", {"n": "int"}) is None


def test_seeds_and_counts_never_stand_in_for_each_other(toy):
    text = "from toyblocks import scatter, settle\n\n\ndef solve(n):\n    return settle(scatter(n, 9000 + n))\n"
    family = [toy.trial(text, 1), toy.trial(RICH, 2)]
    for seed in range(60):
        for mutator in (AstEdit(), Crossover()):
            proposal = toy.propose(mutator, family, toy.context(seed))
            if proposal.program is not None and "scatter(" in proposal.program.text:
                calls = [c for c in ast.walk(ast.parse(proposal.program.text)) if isinstance(c, ast.Call)]
                assert {ast.unparse(c.args[0]) for c in calls if ast.unparse(c.func) == "scatter"} == {"n"}


CLIMBER = """from toyblocks import better, nudge, scatter, settle


def improve(start, width):
    return better(start, settle(nudge(start, 2, width, 5)))


def solve(n):
    best = settle(scatter(n, 3))
    best = improve(best, 0.2)
    return best
"""


@pytest.mark.parametrize("name", ["function", "statement", "expression"])
def test_crossover_makes_programs_that_mostly_run(toy, name):
    family, ran = [toy.trial(RICH, 4), toy.trial(CLIMBER, 9)], 0
    made = []
    for seed in range(30):
        proposal = toy.propose(Crossover(), family, toy.context(seed, operator=f"crossover.{name}"))
        if proposal.program is None:
            continue
        made.append(proposal)
        ran += toy.runs(proposal.program.text)
    assert {p.operator for p in made} == {f"crossover.{name}"}
    assert {p.parents for p in made} == {(4, 9)}
    assert ran >= 0.7 * len(made) >= 7


def test_crossover_brings_the_helpers_along_and_renames_arguments(toy):
    family = [toy.trial(toy.searching.replace("def solve(n)", "def solve(n)"), 4), toy.trial(CLIMBER, 9)]
    made = [toy.propose(Crossover(), family, toy.context(s, operator="crossover.function")) for s in range(6)]
    texts = {p.program.text for p in made}
    assert all("def improve(start, width)" in text and "best = improve(best, 0.2)" in text for text in texts)
    assert all(len(toy.run(text)) == 6 for text in texts)


def test_crossover_takes_an_inspiration_for_its_second_parent(toy):
    context = toy.context(inspirations=(toy.trial(CLIMBER, 7),))
    assert toy.propose(Crossover(), [toy.trial(RICH, 1)], context).parents == (1, 7)
    alone = toy.propose(Crossover(), [toy.trial(RICH, 1)], toy.context())
    assert "two different parents" in alone.refusal
