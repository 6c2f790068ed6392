"""Bake, thaw, reseed, graft: partial evaluation and its inverse."""

from __future__ import annotations

import ast
import dataclasses

import numpy as np
import pytest

from evolve.primitives import PrimitiveSet
from evolve.trial import TrialStatus
from evolve_plugins.mutators.baking import structure, table
from evolve_plugins.mutators.graft import Graft
from evolve_plugins.mutators.partial import Bake, Reseed, Thaw


def shape(text):
    return structure(ast.parse(text))


def test_a_baked_child_starts_from_what_its_parent_answered(toy):
    parent = toy.trial(toy.searching)
    answers = toy.answers(parent)
    proposal = toy.propose(Bake(), [parent], toy.context(solutions=answers))
    text = proposal.program.text
    assert "plan = BAKED[n] if n in BAKED else settle(scatter(n, " in text
    names = {}
    exec(text, names)
    assert names["BAKED"] == {3: answers[0]["n3"], 6: answers[0]["n6"]}
    assert sum(toy.run(text, 6)) >= sum(answers[0]["n6"])
    assert len(toy.run(text, 5)) == 5
    assert proposal.notes["improver"] is True


def test_baking_again_renews_the_values_only(toy):
    parent = toy.trial(toy.searching)
    first = toy.propose(Bake(), [parent], toy.context(solutions=toy.answers(parent)))
    again = toy.trial(first.program.text)
    second = toy.propose(Bake(), [again], toy.context(1, solutions={0: {"n6": np.arange(6.0)}})).program.text
    assert "BAKED = {\n    6: [0.0, 1.0, 2.0, 3.0, 4.0, 5.0],\n}\n" in second
    assert second.count("if n in BAKED") == 1


def test_structure_ignores_numbers_seeds_and_baked_values(toy):
    parent = toy.trial(toy.searching)
    baked = toy.propose(Bake(), [parent], toy.context(solutions=toy.answers(parent)))
    assert shape(toy.searching) == shape(toy.searching.replace("0.1", "0.2").replace("17", "99"))
    assert shape(toy.searching) != shape(toy.searching.replace("range(4)", "range(n)"))
    assert baked.notes["structure"] == shape(toy.searching)


def test_thaw_undoes_bake_but_for_the_seeds(toy):
    parent = toy.trial(toy.searching)
    baked = toy.trial(toy.propose(Bake(), [parent], toy.context(solutions=toy.answers(parent))).program.text, 1)
    proposal = toy.propose(Thaw(), [baked], toy.context(3))
    assert "BAKED" not in proposal.program.text
    assert shape(proposal.program.text) == shape(toy.searching)
    assert "improver" not in proposal.notes
    assert proposal.program.text != toy.searching


def test_a_start_made_in_two_steps_is_baked_where_the_result_type_begins(toy):
    text = """from toyblocks import nudge, scatter, settle


def solve(n):
    points = scatter(n, 11)
    plan = settle(points)
    return settle(nudge(plan, 2, 0.1, 5))
"""
    child = toy.propose(Bake(), [toy.trial(text)], toy.context(solutions={0: {"n6": [1.0] * 6}})).program.text
    assert "plan = BAKED[n] if n in BAKED else settle(points)" in child
    assert toy.run(child, 6)[2:] == pytest.approx([1.0] * 4, abs=1.0)


def test_several_arguments_make_a_key_of_several_parts(toy):
    blocks = toy.facts.primitives
    two = PrimitiveSet(blocks.module, blocks.primitives, "solve", {"n": "int", "m": "int"}, "Plan")
    instances = {"a": dataclasses.replace(toy.facts.instances["n3"], params={"n": 3, "m": 4})}
    facts = dataclasses.replace(toy.facts, primitives=two, instances=instances)
    text = "from toyblocks import scatter, settle\n\n\ndef solve(n, m):\n    return settle(scatter(n, 11))\n"
    child = toy.propose(Bake(), [toy.trial(text)], toy.context(problem=facts, solutions={0: {"a": [0.5]}})).program.text
    names = {}
    exec(child, names)
    assert names["solve"](3, 4) == [0.5]
    assert len(names["solve"](3, 5)) == 3


def test_floats_survive_to_the_last_bit(toy):
    values = [0.1 + 0.2, 1e-308, 2.0**-52, 1 / 3]
    child = toy.propose(Bake(), [toy.trial(toy.searching)], toy.context(solutions={0: {"n6": np.array(values)}}))
    names = {}
    exec(child.program.text, names)
    assert names["BAKED"][6] == values


@pytest.mark.parametrize("answer", [{}, {"n6": None}, {"n6": [float("nan")]}, {"n6": object()}, {"other": [1.0]}])
def test_what_cannot_be_written_down_is_not_baked(toy, answer):
    refused = toy.propose(Bake(), [toy.trial(toy.searching)], toy.context(solutions={0: answer}))
    assert refused.program is None
    assert "nothing that can be baked" in refused.refusal


def test_a_program_without_a_source_of_the_result_type_is_refused(toy):
    refused = toy.propose(Bake(), [toy.trial(toy.naive)], toy.context(solutions={0: {"n6": [1.0]}}))
    assert "no expression makes the result" in refused.refusal


def test_values_are_keyed_by_the_arguments_and_not_by_the_instance(toy):
    found = table({"n3": (1, 2.5, "x")}, toy.facts.instances, {"n": "int"})
    assert found == {3: [1, 2.5, "x"]}


def test_reseeding_changes_seeds_and_nothing_else(toy):
    child = toy.propose(Reseed(), [toy.trial(toy.searching)], toy.context()).program.text
    assert child != toy.searching
    assert shape(child) == shape(toy.searching)
    assert "nudge(plan, 2, 0.1, " in child
    assert "no random seed" in toy.propose(Reseed(), [toy.trial(toy.naive)], toy.context()).refusal


def judged(toy, text, number, fitness, parents=()):
    notes = {"structure": shape(text)}
    return toy.trial(text, number, fitness, parents=parents, notes=notes, operator="gp.point", cpu_s=0.1)


def test_graft_runs_the_structure_with_credit_from_the_parents_value(toy):
    graft = Graft()
    parent = toy.trial(
        "from toyblocks import scatter, settle\n\n\ndef solve(n):\n    return settle(scatter(n, 3))\n", 0
    )
    assert toy.propose(graft, [parent], toy.context(solutions={0: {"n6": [2.0] * 6}})).program is None
    graft.observe(judged(toy, toy.searching, 1, 2.0, (0,)), [parent])
    child = toy.propose(graft, [parent], toy.context(solutions={0: {"n6": [2.0] * 6}}))
    assert child.operator == "graft"
    assert child.parents == (0,)
    assert child.notes["structure"] == shape(toy.searching)
    assert sum(toy.run(child.program.text, 6)) >= 12.0


def test_structures_that_won_often_are_grafted_often(toy):
    graft = Graft()
    other = toy.searching.replace("settle(nudge(plan, 2, 0.1, 17 + i))", "settle(nudge(plan, 2, 0.1, 17))")
    parent = toy.trial(toy.searching, 0)
    for number in range(1, 41):
        text, fitness = (toy.searching, 2.0) if number % 2 else (other, 2.0 if number in (2, 38) else 0.5)
        graft.observe(judged(toy, text, number, fitness, (0,)), [parent])
    contexts = [toy.context(seed, solutions={0: {"n6": [2.0] * 6}}) for seed in range(60)]
    made = [toy.propose(graft, [parent], context).notes["structure"] for context in contexts]
    assert made.count(shape(toy.searching)) > 45
    assert made.count(shape(other)) > 0


def test_a_trial_that_only_equals_its_parent_earns_no_credit(toy):
    graft, parent = Graft(), toy.trial(toy.searching, 0)
    graft.observe(judged(toy, toy.searching, 1, 1.0, (0,)), [parent])
    graft.observe(toy.trial(toy.searching, 2, None, status=TrialStatus.FAILED), [parent])
    assert toy.propose(graft, [parent], toy.context(solutions={0: {"n6": [2.0] * 6}})).program is None


def test_thaw_puts_a_random_source_where_a_fixed_one_would_lead_back(toy):
    text = "from toyblocks import settle, spread\n\n\ndef solve(n):\n    return settle(spread(n, 0.5))\n"
    child = toy.propose(Thaw(), [toy.trial(text)], toy.context()).program.text
    assert "return settle(scatter(n, " in child
    assert len(toy.run(child)) == 6
