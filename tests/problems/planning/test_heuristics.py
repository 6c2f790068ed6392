"""The heuristics, on tasks small enough to work them out by hand."""

from __future__ import annotations

import math

import pytest
from evolve_problems._shared.planning import HFF, GoalCount, HAdd, LandmarkCount, Task, domain_text, task_from_text

ALL = (GoalCount, HAdd, HFF, LandmarkCount)


def estimates(task: Task, *atoms: str) -> tuple[float, ...]:
    """Return what the four heuristics say of the state in which some atoms without arguments are true."""
    return tuple(make(task)([task.state_of([(atom,) for atom in atoms])])[0] for make in ALL)


def test_at_the_start_of_the_errand_each_step_but_the_way_back_is_ahead(errand_task: Task) -> None:
    # key 1, open 1 + key, shop 1 + open, bread 1 + shop; to be home again costs nothing without deletes
    assert estimates(errand_task, "home") == (1, 4, 4, 4)


def test_in_the_shop_two_steps_are_ahead(errand_task: Task) -> None:
    assert estimates(errand_task, "shop", "key", "open") == (2, 2, 2, 2)


def test_with_the_bread_in_the_shop_the_way_back_is_ahead(errand_task: Task) -> None:
    assert estimates(errand_task, "shop", "key", "open", "bread") == (1, 1, 1, 1)


def test_who_loses_the_key_before_unlocking_needs_it_again(errand_task: Task) -> None:
    assert estimates(errand_task, "home", "open") == (1, 2, 2, 2)
    assert estimates(errand_task, "home", "key") == (1, 3, 3, 3)


def test_nowhere_is_a_dead_end_for_the_relaxed_heuristics_only(errand_task: Task) -> None:
    assert estimates(errand_task, "key") == (2, math.inf, math.inf, 4)


def tea(first: str, second: str) -> Task:
    """Water is heated by what is named; the kettle is wanted, too."""
    return task_from_text(
        f"""(define (domain tea) (:predicates (fire) (kettle) (hot))
          (:action get-fire :parameters () :precondition () :effect (fire))
          (:action get-kettle :parameters () :precondition () :effect (kettle))
          (:action heat-with-{first} :parameters () :precondition ({first}) :effect (hot))
          (:action heat-with-{second} :parameters () :precondition ({second}) :effect (hot)))""",
        "(define (problem t) (:domain tea) (:init) (:goal (and (hot) (kettle))))",
    )


def test_h_ff_shares_steps_where_h_add_counts_them_twice() -> None:
    assert estimates(tea("kettle", "fire")) == (2, 3, 2, 2)


def test_among_equally_cheap_supporters_h_ff_takes_the_first_that_is_declared() -> None:
    assert estimates(tea("fire", "kettle")) == (2, 3, 3, 2)


def tower(goal: str) -> Task:
    """Three blocks on the table."""
    return task_from_text(
        domain_text("blocksworld"),
        f"""(define (problem p) (:domain blocksworld) (:objects a b c - block)
          (:init (hand-empty) (on-table a) (on-table b) (on-table c) (clear a) (clear b) (clear c))
          (:goal {goal}))""",
    )


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        ("(on a b)", (1, 2, 2, 2)),  # pick up, stack
        ("(and (on a b) (on b c))", (2, 4, 4, 4)),  # each block on its own: pick up, stack
        ("(holding a)", (1, 1, 1, 1)),
    ],
)
def test_blocks(goal: str, expected: tuple[float, ...]) -> None:
    task = tower(goal)
    assert tuple(make(task)([task.initial_state])[0] for make in ALL) == expected


def test_a_landmark_that_was_passed_is_needed_again_where_the_next_one_needs_it() -> None:
    task = task_from_text(
        domain_text("logistics"),
        """(define (problem p) (:domain logistics)
          (:objects c - city x - airport y - place k - package t - truck)
          (:init (in-city x c) (in-city y c) (at t x) (at k y)) (:goal (at k x)))""",
    )
    count = LandmarkCount(task)
    start, loaded = task.initial_state, task.state_of([("at", "t", "y"), ("in", "k", "t")])
    assert count([start]) == [3]  # the truck at y, the package in it, the package at x
    assert count([loaded]) == [2]  # the truck back at x, the package at x


@pytest.mark.parametrize("make", ALL)
def test_a_goal_that_nothing_adds(make: type[GoalCount | HAdd | HFF | LandmarkCount]) -> None:
    task = task_from_text(
        "(define (domain d) (:predicates (p) (q)) (:action a :parameters () :precondition (q) :effect (q)))",
        "(define (problem x) (:domain d) (:init (q)) (:goal (p)))",
    )
    assert not task.operators
    (estimate,) = make(task)([task.initial_state])
    assert estimate == (math.inf if make in (HAdd, HFF) else 1)


@pytest.mark.parametrize("make", ALL)
def test_no_states_are_no_estimates(errand_task: Task, make: type[GoalCount]) -> None:
    assert make(errand_task)([]) == []


def test_more_states_than_are_relaxed_at_once(errand_task: Task) -> None:
    states = list(range(1 << len(errand_task.facts))) * 5
    for make in (HAdd, HFF):
        heuristic = make(errand_task)
        assert heuristic(states) == heuristic(states[: len(states) // 5]) * 5
