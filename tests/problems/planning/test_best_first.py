"""The search: its order, its counts, its ends."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import pytest
from evolve_problems._shared.planning import HFF, GoalCount, State, Task, domain_text, generate, search, task_from_text

HASHED = """
import hashlib
from evolve_problems._shared.planning import *
for domain in DOMAINS:
    task = task_from_text(domain_text(domain), generate(domain, 4, 1))
    print(hashlib.sha256(repr(task).encode()).hexdigest())
    for heuristic in (GoalCount, HAdd, HFF, LandmarkCount):
        print(search(task, heuristic(task), 300))
"""
EXPANSIONS = {
    ("blocksworld", 10): (121, 44),
    ("gripper", 12): (192, 61),
    ("logistics", 5): (143, 21),
    ("transport", 6): (1953, 59),
}
"""How many states are expanded with the false goals and with h_FF, seed 0: a change in the order of anything shows."""


def test_the_errand_is_run_in_five_steps(errand_task: Task) -> None:
    result = search(errand_task, HFF(errand_task), max_expansions=100)
    assert result.status == "solved"
    assert result.plan == ("(fetch-key)", "(unlock)", "(go)", "(buy)", "(return)")
    assert result.plan_length == 5


def test_a_goal_that_is_true_at_the_start_costs_nothing(errand: tuple[str, str]) -> None:
    domain, problem = errand
    task = task_from_text(domain, problem.replace("(bread) (home)", "(home)"))
    result = search(task, GoalCount(task), max_expansions=0)
    assert (result.status, result.plan, result.expansions, result.evaluations) == ("solved", (), 0, 0)


def test_no_more_states_are_expanded_than_allowed(errand_task: Task) -> None:
    for limit in range(4):
        result = search(errand_task, lambda states: [0.0] * len(states), max_expansions=limit)
        assert (result.status, result.expansions, result.plan) == ("limit", limit, ())


@pytest.mark.parametrize("hopeless", [math.inf, math.nan])
def test_dead_ends_are_never_expanded(errand_task: Task, hopeless: float) -> None:
    shop = errand_task.state_of([("shop",)])
    result = search(
        errand_task, lambda states: [hopeless if state & shop else 0.0 for state in states], max_expansions=100
    )
    assert result.status == "exhausted"
    assert result.expansions == 4  # with and without key, locked and open
    assert search(errand_task, lambda states: [hopeless] * len(states), 100).expansions == 0


def test_minus_infinity_goes_first(errand_task: Task) -> None:
    result = search(errand_task, lambda states: [-math.inf] * len(states), max_expansions=100)
    assert result.status == "solved"


def test_the_heuristic_is_asked_once_a_state_and_for_all_new_successors_together(errand_task: Task) -> None:
    asked: list[list[State]] = []

    def heuristic(states: list[State]) -> list[float]:
        asked.append(states)
        return [0.0] * len(states)

    result = search(errand_task, heuristic, max_expansions=100)
    everything = [state for states in asked for state in states]
    assert len(everything) == len(set(everything)) == result.evaluations
    assert asked[0] == [errand_task.initial_state]
    assert len(asked) <= result.expansions + 1


def test_a_heuristic_that_forgets_a_state_is_an_error(errand_task: Task) -> None:
    with pytest.raises(ValueError, match="0 estimates for 1 states"):
        search(errand_task, lambda states: [], max_expansions=10)


@pytest.mark.parametrize(("domain", "size"), EXPANSIONS)
def test_expansions_are_exact_values(domain: str, size: int) -> None:
    task = task_from_text(domain_text(domain), generate(domain, size, 0))
    counts = tuple(search(task, make(task), max_expansions=5000).expansions for make in (GoalCount, HFF))
    assert counts == EXPANSIONS[domain, size]


def test_nothing_depends_on_how_strings_are_hashed() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", HASHED],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
            timeout=100,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1
    assert "solved" in outputs.pop()
