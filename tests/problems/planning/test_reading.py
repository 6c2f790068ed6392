"""What is read of PDDL, and the one line that says why a text is refused."""

from __future__ import annotations

import pytest
from evolve_problems._shared.planning import domain_text, generate, task_from_text

from evolve import ProblemError

DOMAIN = domain_text("blocksworld")
PROBLEM = generate("blocksworld", 3, 0)


def with_domain(old: str, new: str) -> tuple[str, str]:
    assert old in DOMAIN
    return DOMAIN.replace(old, new, 1), PROBLEM


def with_problem(old: str, new: str) -> tuple[str, str]:
    assert old in PROBLEM
    return DOMAIN, PROBLEM.replace(old, new, 1)


REFUSED = {
    "a cut domain": ((DOMAIN[:-3], PROBLEM), "no PDDL at line"),
    "a cut problem": ((DOMAIN, PROBLEM[:60]), "no PDDL at line 2"),
    "an empty domain": (("", PROBLEM), "no PDDL at line 1"),
    "a text that is no PDDL": (("hello", PROBLEM), "no PDDL at line 1"),
    "a negative precondition": (
        with_domain(":precondition (holding ?x)", ":precondition (not (holding ?x))"),
        "put-down has the negative precondition holding",
    ),
    "a conditional effect": (
        with_domain(":effect (and (holding ?x)", ":effect (and (when (clear ?x) (holding ?x))"),
        "pick-up has a formula of kind When",
    ),
    "a disjunction": (
        with_domain("(and (clear ?x) (on-table ?x)", "(or (clear ?x) (on-table ?x)"),
        "disjunctive-preconditions",
    ),
    "costs": (with_domain("(:action", "(:functions (total-cost)) (:action"), "action costs"),
    "an unknown predicate in an action": (
        with_domain("(on-table ?x) (hand-empty))", "(in-table ?x) (hand-empty))"),
        "pick-up uses the predicate in-table",
    ),
    "a wrong arity in an action": (with_domain("(and (on ?x ?y)", "(and (on ?x)"), "stack gives on 1 arguments"),
    "an unknown variable": (with_domain("(and (on ?x ?y)", "(and (on ?x ?z)"), r"stack uses \?z"),
    "an unknown constant": (with_domain("(and (on ?x ?y)", "(and (on ?x b1)"), "b1"),
    "an unknown type": (with_domain("(?x - block)", "(?x - brick)"), "brick"),
    "a type that is its own ancestor": (with_domain("(:types block)", "(:types block - a a - block)"), "cycle"),
    "an action that is declared twice": (with_domain("put-down", "pick-up"), "the action pick-up twice"),
    "a problem of another domain": (with_problem("(:domain blocksworld)", "(:domain gripper)"), "is of domain gripper"),
    "an unknown object": (with_problem("(clear b", "(clear c"), r"init of problem blocksworld-3-0 names c\d"),
    "an object that is declared twice": (with_problem("b1 b2", "b1 b1 b2"), "duplicate name 'b1'"),
    "an object of unknown type": (with_problem("- block", "- brick"), "b1 is of type brick"),
    "an unknown predicate in the problem": (with_problem("(hand-empty)", "(empty)"), "uses the predicate empty"),
    "a wrong arity in the problem": (with_problem("(hand-empty)", "(hand-empty b1)"), "gives hand-empty 1 arguments"),
    "a negative goal": (with_problem("(and\n", "(and (not (on b1 b2))\n"), "the goal .* negates on"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_text_is_refused_in_one_line(what: str) -> None:
    texts, reason = REFUSED[what]
    with pytest.raises(ProblemError, match=reason) as caught:
        task_from_text(*texts)
    assert "\n" not in str(caught.value)


def test_a_refused_text_spoils_nothing_for_the_next() -> None:
    expected = task_from_text(DOMAIN, PROBLEM)
    for texts, _ in REFUSED.values():
        with pytest.raises(ProblemError):
            task_from_text(*texts)
        assert task_from_text(DOMAIN + "\n", PROBLEM) == expected


def test_case_does_not_matter() -> None:
    assert task_from_text(DOMAIN.upper(), PROBLEM.upper()) == task_from_text(DOMAIN, PROBLEM)


def test_types_may_be_left_out() -> None:
    def untyped(text: str) -> str:
        return text.replace(" - block", "").replace("(:types block)", "").replace(":typing", "")

    plain, typed = task_from_text(untyped(DOMAIN), untyped(PROBLEM)), task_from_text(DOMAIN, PROBLEM)
    assert plain.operators == typed.operators
    assert (plain.types, typed.types) == (((),) * 3, (("block",),) * 3)


def test_an_action_without_precondition_always_applies() -> None:
    task = task_from_text(
        "(define (domain d) (:predicates (p)) (:action a :parameters () :precondition () :effect (p)))",
        "(define (problem x) (:domain d) (:init) (:goal (p)))",
    )
    assert task.applicable(task.initial_state) == [0]
