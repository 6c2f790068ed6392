"""The domains and the makers of their problems."""

from __future__ import annotations

import hashlib
import math
import re

import pytest
from evolve_problems._shared.planning import (
    DOMAINS,
    HFF,
    GoalCount,
    HAdd,
    domain_text,
    generate,
    search,
    splits,
    task_from_text,
    validate,
)

from evolve import ProblemError

KINDS = ("train", "validation", "test")


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_training_task_is_solved_within_2000_expansions_by_h_ff_and_the_plan_is_valid(domain: str) -> None:
    for size, seed in splits(domain)["train"]:
        text = generate(domain, size, seed)
        task = task_from_text(domain_text(domain), text)
        result = search(task, HFF(task), max_expansions=2000)
        assert result.status == "solved"
        assert result.plan_length > 0
        assert validate(domain_text(domain), text, result.plan) == ""


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_other_task_has_a_goal_that_is_open_and_in_reach_without_deletes(domain: str) -> None:
    for kind in KINDS[1:]:
        for size, seed in splits(domain)[kind]:
            task = task_from_text(domain_text(domain), generate(domain, size, seed))
            (estimate,) = HAdd(task)([task.initial_state])
            assert 0 < estimate < math.inf


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_sets_are_apart_and_grow(domain: str) -> None:
    sets = splits(domain)
    assert tuple(sets) == KINDS
    assert all(8 <= len(tasks) <= 12 for tasks in sets.values())
    everything = [task for tasks in sets.values() for task in tasks]
    assert len({seed for _, seed in everything}) == len(everything)
    means = [sum(size for size, _ in tasks) / len(tasks) for tasks in sets.values()]
    assert means == sorted(set(means))
    assert means[2] > 1.25 * means[1]


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_same_arguments_make_the_same_text_and_others_another(domain: str) -> None:
    text = generate(domain, 4, 1)
    assert generate(domain, 4, 1) == text
    headless = {re.sub(r"problem \S+", "", generate(domain, size, seed)) for size in (4, 5) for seed in range(4)}
    assert len(headless) == 8


def test_the_texts_are_those_that_published_counts_were_measured_on() -> None:
    everything = "".join(generate(domain, size, 7) for domain in DOMAINS for size in (2, 5, 9))
    assert hashlib.sha256(everything.encode()).hexdigest()[:16] == "9572b75832c34296"


@pytest.mark.parametrize("domain", DOMAINS)
def test_larger_problems_are_larger(domain: str) -> None:
    def operators(size: int) -> int:
        return len(task_from_text(domain_text(domain), generate(domain, size, 0)).operators)

    assert operators(3) < operators(6) < operators(10)


def test_sokoban_has_dead_ends_that_h_add_sees() -> None:
    task = task_from_text(domain_text("sokoban"), generate("sokoban", 3, 0))
    search_states = [task.initial_state]
    for state in search_states:
        search_states += [after for _, after in task.successors(state) if after not in search_states]
        if len(search_states) > 300:
            break
    assert math.inf in HAdd(task)(search_states)
    assert math.inf not in GoalCount(task)(search_states)


@pytest.mark.parametrize("wrong", [("chess", 3, 0), ("gripper", 1, 0), ("gripper", 3, -1)])
def test_a_wrong_request_is_refused_in_one_line(wrong: tuple[str, int, int]) -> None:
    with pytest.raises(ProblemError):
        generate(*wrong)


def test_an_unknown_domain_is_refused_with_the_names_of_the_known() -> None:
    for ask in (domain_text, splits):
        with pytest.raises(ProblemError, match="blocksworld, gripper"):
            ask("chess")
