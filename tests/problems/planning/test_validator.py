"""The validator against every way in which a plan can be wrong, and against the ground task as a second opinion."""

from __future__ import annotations

import functools

import pytest
from evolve_problems._shared.planning import (
    DOMAINS,
    HAdd,
    Task,
    domain_text,
    generate,
    search,
    task_from_text,
    validate,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from evolve import ProblemError

BLOCKS = domain_text("blocksworld")
THREE = """(define (problem p) (:domain blocksworld) (:objects a b c - block)
  (:init (hand-empty) (on-table a) (on-table b) (on c a) (clear b) (clear c))
  (:goal (and (on a b) (on b c))))"""
PLAN = ["(unstack c a)", "(put-down c)", "(pick-up b)", "(stack b c)", "(pick-up a)", "(stack a b)"]


@functools.cache
def solved(domain: str, seed: int) -> tuple[str, Task, tuple[str, ...]]:
    text = generate(domain, 3, seed)
    task = task_from_text(domain_text(domain), text)
    result = search(task, HAdd(task), max_expansions=20_000)
    assert result.status == "solved"
    return text, task, result.plan


def test_a_right_plan_passes_in_any_case_and_spacing() -> None:
    assert validate(BLOCKS, THREE, PLAN) == ""
    assert validate(BLOCKS, THREE, ["; a comment", "", *(f"  {step.upper()} " for step in PLAN)]) == ""
    assert validate(BLOCKS, THREE, [step.replace(" ", "   ") for step in PLAN]) == ""


@pytest.mark.parametrize(
    ("place", "step", "complaint"),
    [
        (0, "(unstack c b)", "step 1, '(unstack c b)': (on c b) is not true"),
        (1, "(stack c a)", "step 5, '(pick-up a)': (clear a) is not true"),
        (2, "(pick-up a)", "step 4, '(stack b c)': (holding b) is not true"),
        (2, "(fly b)", "step 3, '(fly b)': there is no action fly"),
        (2, "(pick-up d)", "step 3, '(pick-up d)': there is no object d"),
        (2, "(pick-up b c)", "step 3, '(pick-up b c)': pick-up has 1 arguments, not 2"),
        (2, "(pick-up)", "step 3, '(pick-up)': pick-up has 1 arguments, not 0"),
        (2, "pick-up b", "step 3, 'pick-up b': a step is written as (name object ...)"),
        (2, "(pick-up (b))", "step 3, '(pick-up (b))': a step is written as (name object ...)"),
        (2, "()", "step 3, '()': a step is written as (name object ...)"),
    ],
)
def test_the_first_wrong_step_is_named(place: int, step: str, complaint: str) -> None:
    plan = list(PLAN)
    plan[place] = step
    assert validate(BLOCKS, THREE, plan) == complaint


def test_a_plan_that_stops_early_misses_the_goal() -> None:
    assert validate(BLOCKS, THREE, PLAN[:-1]) == "after the last step the goal (on a b) is not reached"
    assert validate(BLOCKS, THREE, []) == "after the last step the goal (on a b) is not reached"


def test_an_object_of_the_wrong_type_is_refused() -> None:
    text, _, _ = solved("logistics", 0)
    found = validate(domain_text("logistics"), text, ["(fly city1-truck city1-airport city2-airport)"])
    assert found.endswith("city1-truck is no plane")
    found = validate(domain_text("logistics"), text, ["(load city1-truck package1 city1-airport)"])
    assert found.endswith("city1-truck is no package")


def test_supertypes_and_constants_are_understood() -> None:
    domain = """(define (domain d) (:requirements :strips :typing) (:types cat dog - pet pet) (:constants tom - cat)
      (:predicates (fed ?x - pet) (wet ?x - pet))
      (:action feed :parameters (?x - pet) :precondition () :effect (fed ?x))
      (:action wash :parameters (?x - (either dog cat)) :precondition (fed ?x)
        :effect (and (not (fed ?x)) (wet ?x))))"""
    problem = "(define (problem p) (:domain d) (:objects rex - dog) (:init) (:goal (and (wet tom) (fed rex))))"
    assert validate(domain, problem, ["(feed tom)", "(wash tom)", "(feed rex)"]) == ""
    assert validate(domain, problem, ["(feed tom)", "(wash tom)", "(wash tom)"]).endswith("(fed tom) is not true")
    result = search(task_from_text(domain, problem), lambda states: [0.0] * len(states), 100)
    assert validate(domain, problem, result.plan) == ""


@pytest.mark.parametrize(
    ("domain", "problem", "why"),
    [
        (BLOCKS[:-3], THREE, "lacks 2 closing"),
        (BLOCKS + ")", THREE, "never opened"),
        ("", THREE, "not one"),
        (BLOCKS, "hello", "stands where"),
        (BLOCKS, "(a) (b)", "not one"),
        (BLOCKS, "(define ())", "is empty"),
        (BLOCKS, "(define (problem p) :goal)", "stands where"),
        (BLOCKS.replace(":parameters (?x - block)", ":parameters", 1), THREE, "pairs"),
        (BLOCKS.replace("(holding ?x)", "(holding (?x))"), THREE, "stands where"),
    ],
)
def test_texts_that_are_no_pddl_are_the_authors_mistake(domain: str, problem: str, why: str) -> None:
    with pytest.raises(ProblemError, match=why):
        validate(domain, problem, [])


@settings(deadline=None)
@given(st.sampled_from(DOMAINS), st.integers(0, 2), st.data())
def test_a_corrupted_plan_passes_only_if_it_still_solves_the_ground_task(
    domain: str, seed: int, data: st.DataObject
) -> None:
    text, task, plan = solved(domain, seed)
    steps = list(plan)
    names = [operator.name for operator in task.operators]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(steps) - 1)) if steps else 0
        kind = data.draw(st.sampled_from(["drop", "swap", "repeat", "exchange", "insert"]))
        if kind == "insert" or not steps:
            steps.insert(place, data.draw(st.sampled_from(names)))
        elif kind == "drop":
            del steps[place]
        elif kind == "swap":
            other = data.draw(st.integers(0, len(steps) - 1))
            steps[place], steps[other] = steps[other], steps[place]
        elif kind == "repeat":
            steps.insert(place, steps[place])
        else:
            steps[place] = data.draw(st.sampled_from(names))
    complaint = validate(domain_text(domain), text, steps)
    wrong = first_wrong_step(task, steps)
    if wrong is None:
        assert complaint == ""
    elif wrong < len(steps):
        assert complaint.startswith(f"step {wrong + 1}, {steps[wrong]!r}: ")
    else:
        assert complaint.startswith("after the last step the goal ")


def first_wrong_step(task: Task, steps: list[str]) -> int | None:
    """Play a plan over the bitsets of the ground task; the number of steps stands for a goal that is not reached."""
    by_name = {operator.name: place for place, operator in enumerate(task.operators)}
    state = task.initial_state
    for number, step in enumerate(steps):
        after = dict(task.successors(state))
        if by_name[step] not in after:
            return number
        state = after[by_name[step]]
    return None if task.is_goal(state) else len(steps)
