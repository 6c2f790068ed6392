"""What a task has after grounding, counted by hand."""

from __future__ import annotations

import re

import pytest
from evolve_problems._shared.planning import DOMAINS, Task, domain_text, generate, splits, task_from_text


def ground(domain: str, size: int, seed: int = 0) -> Task:
    return task_from_text(domain_text(domain), generate(domain, size, seed))


@pytest.mark.parametrize("balls", [2, 5, 9])
def test_gripper_has_the_facts_and_operators_that_its_objects_make(balls: int) -> None:
    task = ground("gripper", balls)
    rooms = grippers = 2
    assert len(task.facts) == rooms + grippers + balls * (rooms + grippers)
    assert len(task.operators) == rooms * (rooms - 1) + 2 * balls * rooms * grippers


@pytest.mark.parametrize("blocks", [2, 5, 9])
def test_blocksworld_has_the_facts_and_operators_that_its_objects_make(blocks: int) -> None:
    task = ground("blocksworld", blocks)
    assert len(task.facts) == blocks**2 + 3 * blocks + 1
    assert len(task.operators) == 2 * blocks + 2 * blocks**2


TOWNS = """
(define (domain towns) (:requirements :strips :typing)
  (:types town vehicle - object car bike - vehicle)
  (:constants capital - town)
  (:predicates (road ?a ?b - town) (at ?v - vehicle ?t - town) (paved ?t - town) (washed ?c - car))
  (:action drive :parameters (?v - vehicle ?a ?b - town)
    :precondition (and (at ?v ?a) (road ?a ?b)) :effect (and (not (at ?v ?a)) (at ?v ?b)))
  (:action wash :parameters (?c - car)
    :precondition (at ?c capital) :effect (and (washed ?c) (at ?c capital) (not (at ?c capital)))))
"""
FIVE = """
(define (problem five) (:domain towns) (:objects a b c d - town beetle - car tandem - bike)
  (:init (road a b) (road b a) (road b capital) (road c d) (at beetle a) (at tandem c) (paved a))
  (:goal (and (washed beetle) (paved a))))
"""


def test_only_what_can_be_reached_is_kept() -> None:
    task = task_from_text(TOWNS, FIVE)
    assert task.facts == (
        ("at", "beetle", "a"),
        ("at", "beetle", "b"),
        ("at", "beetle", "capital"),
        ("at", "tandem", "c"),
        ("at", "tandem", "d"),
        ("washed", "beetle"),
    )
    assert [operator.name for operator in task.operators] == [
        "(drive beetle a b)",
        "(drive beetle b a)",
        "(drive beetle b capital)",
        "(drive tandem c d)",
        "(wash beetle)",
    ]


def test_static_predicates_are_compiled_away_but_kept_at_hand() -> None:
    task = task_from_text(TOWNS, FIVE)
    assert [(one.name, one.arity) for one in task.predicates if one.static] == [("paved", 1), ("road", 2)]
    assert task.static_atoms == (
        ("paved", "a"),
        ("road", "a", "b"),
        ("road", "b", "a"),
        ("road", "b", "capital"),
        ("road", "c", "d"),
    )
    assert [task.facts[fact] for fact in task.goal] == [("washed", "beetle")]


def test_an_atom_that_is_added_and_deleted_stays() -> None:
    task = task_from_text(TOWNS, FIVE)
    (wash,) = (one for one in task.operators if one.name == "(wash beetle)")
    assert (wash.preconditions, wash.add, wash.delete) == ((2,), (5,), ())


def test_objects_come_with_all_their_types() -> None:
    task = task_from_text(TOWNS, FIVE)
    types = dict(zip(task.objects, task.types, strict=True))
    assert types["beetle"] == ("car", "vehicle")
    assert types["capital"] == types["a"] == ("town",)


def test_a_goal_that_cannot_be_reached_is_a_fact_that_nothing_adds() -> None:
    task = task_from_text(TOWNS, FIVE.replace("beetle) (paved a)", "beetle) (paved b) (at tandem a)"))
    goal = {task.facts[fact]: fact for fact in task.goal}
    assert set(goal) == {("washed", "beetle"), ("paved", "b"), ("at", "tandem", "a")}
    added = {fact for one in task.operators for fact in one.add}
    assert goal["paved", "b"] not in added
    assert goal["at", "tandem", "a"] not in added


@pytest.mark.parametrize("domain", DOMAINS)
def test_everything_is_in_a_fixed_order(domain: str) -> None:
    task = ground(domain, *splits(domain)["train"][-1])
    assert list(task.objects) == sorted(task.objects)
    assert list(task.facts) == sorted(task.facts)
    declared = re.findall(r":action (\S+)", domain_text(domain))
    keys = [(declared.index(one.name.strip("()").split()[0]), one.name) for one in task.operators]
    assert keys == sorted(keys)
    for operator in task.operators:
        for part in (operator.preconditions, operator.add, operator.delete):
            assert list(part) == sorted(set(part))
        assert not set(operator.add) & set(operator.delete)


def test_states_and_atoms_are_the_same_thing_twice() -> None:
    task = ground("logistics", 3)
    states = [task.initial_state, task.goal_mask, 0, (1 << len(task.facts)) - 1]
    matrix = task.matrix(states)
    assert matrix.shape == (4, len(task.facts))
    for state, row in zip(states, matrix, strict=True):
        assert task.state_of(task.atoms_of(state)) == state
        assert row.nonzero()[0].tolist() == list(task.true_facts(state))
