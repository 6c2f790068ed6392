"""Search, heuristics and landmarks on random tasks, each against its plain definition."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

from evolve_problems._shared.planning import HFF, GoalCount, HAdd, LandmarkCount, Operator, State, Task, search
from evolve_problems._shared.planning.landmarks import fact_landmarks
from hypothesis import given, settings
from hypothesis import strategies as st

FACTS = 6


def strips(operators: list[Operator], init: set[int], goal: tuple[int, ...], facts: int = FACTS) -> Task:
    """Return a task of facts without arguments."""
    return Task(
        name="strips",
        domain="strips",
        objects=(),
        types=(),
        predicates=(),
        facts=tuple((f"f{place}",) for place in range(facts)),
        init=frozenset(init),
        goal=goal,
        static_atoms=(),
        operators=tuple(operators),
    )


@st.composite
def random_tasks(draw: st.DrawFn) -> Task:
    """Draw a task of six facts and a few operators, solvable or not."""
    some = st.sets(st.integers(0, FACTS - 1), max_size=3)
    operators = []
    for place in range(draw(st.integers(0, 7))):
        needed, add = draw(some), draw(some)
        delete = draw(some) - add
        if add or delete:
            operators.append(Operator(f"(o{place})", tuple(sorted(needed)), tuple(sorted(add)), tuple(sorted(delete))))
    goal = draw(st.sets(st.integers(0, FACTS - 1), min_size=1, max_size=3))
    return strips(operators, draw(some), tuple(sorted(goal)))


def apply(operator: Operator, state: frozenset[int]) -> frozenset[int]:
    """Return what an operator makes of a set of facts."""
    return (state - frozenset(operator.delete)) | frozenset(operator.add)


def shortest_plan(task: Task) -> int | None:
    """Return the length of a shortest plan, by breadth-first search over sets of facts; None where there is no plan."""
    distance = {task.init: 0}
    queue = deque([task.init])
    while queue:
        state = queue.popleft()
        if state.issuperset(task.goal):
            return distance[state]
        for operator in task.operators:
            if state.issuperset(operator.preconditions):
                after = apply(operator, state)
                if after not in distance:
                    distance[after] = distance[state] + 1
                    queue.append(after)
    return None


def additive_costs(task: Task, state: State) -> list[float]:
    """Return the cost of each fact, by going over all operators until nothing changes."""
    cost = [0.0 if state >> fact & 1 else math.inf for fact in range(len(task.facts))]
    changed = True
    while changed:
        changed = False
        for operator in task.operators:
            price = 1 + sum(cost[fact] for fact in operator.preconditions)
            for fact in operator.add:
                if price < cost[fact]:
                    cost[fact] = price
                    changed = True
    return cost


def states_of(task: Task) -> list[State]:
    """Return all states of a task, reachable or not."""
    return list(range(1 << len(task.facts)))


@settings(deadline=None)
@given(random_tasks())
def test_successors_are_what_the_definition_gives(task: Task) -> None:
    for state in states_of(task)[::7]:
        facts = frozenset(task.true_facts(state))
        expected = [
            (place, apply(operator, facts))
            for place, operator in enumerate(task.operators)
            if facts.issuperset(operator.preconditions)
        ]
        assert [(place, frozenset(task.true_facts(after))) for place, after in task.successors(state)] == expected
        assert task.applicable(state) == [place for place, _ in expected]


@settings(max_examples=200, deadline=None)
@given(random_tasks())
def test_search_finds_a_plan_where_there_is_one_and_says_exhausted_where_there_is_none(task: Task) -> None:
    shortest = shortest_plan(task)
    for heuristic in (GoalCount(task), HAdd(task), HFF(task), LandmarkCount(task)):
        result = search(task, heuristic, max_expansions=1000)
        if shortest is None:
            assert (result.status, result.plan) == ("exhausted", ())
        else:
            assert result.status == "solved"
            assert result.plan_length >= shortest
            assert reaches_the_goal(task, result.plan)


@settings(deadline=None)
@given(random_tasks())
def test_with_equal_estimates_the_search_goes_breadth_first(task: Task) -> None:
    shortest = shortest_plan(task)
    result = search(task, lambda states: [0.0] * len(states), max_expansions=1000)
    assert (result.plan_length if result.status == "solved" else None) == shortest


@settings(deadline=None)
@given(random_tasks())
def test_h_add_is_the_sum_of_the_additive_costs_of_the_goal(task: Task) -> None:
    states = states_of(task)
    expected = []
    for state in states:
        cost = additive_costs(task, state)
        expected.append(sum(cost[fact] for fact in task.goal))
    assert HAdd(task)(states) == expected


@settings(deadline=None)
@given(random_tasks())
def test_h_ff_lies_between_the_longest_goal_and_h_add_and_is_infinite_only_with_it(task: Task) -> None:
    states = states_of(task)
    for state, relaxed, added in zip(states, HFF(task)(states), HAdd(task)(states), strict=True):
        assert math.isinf(relaxed) == math.isinf(added)
        assert levels(task, state) <= relaxed <= added


@settings(deadline=None)
@given(random_tasks())
def test_h_ff_counts_the_steps_of_a_relaxed_plan_of_cheapest_first_supporters(task: Task) -> None:
    states = states_of(task)
    assert HFF(task)(states) == [relaxed_plan_size(task, state) for state in states]


@settings(deadline=None)
@given(random_tasks())
def test_a_landmark_is_a_fact_that_no_relaxed_plan_does_without(task: Task) -> None:
    found = fact_landmarks(task)
    for goal in range(FACTS):
        if math.isinf(additive_costs(task, task.initial_state)[goal]) or goal in task.init:
            assert found[goal] == 1 << goal
            continue
        for fact in range(FACTS):
            without = replace(task, operators=tuple(one for one in task.operators if fact not in one.preconditions))
            needed = math.isinf(additive_costs(without, without.initial_state)[goal])
            assert bool(found[goal] >> fact & 1) == (needed or fact == goal)


@settings(deadline=None)
@given(random_tasks())
def test_a_batch_gives_what_single_states_give(task: Task) -> None:
    states = states_of(task)
    for heuristic in (GoalCount(task), HAdd(task), HFF(task), LandmarkCount(task)):
        assert heuristic(states) == [heuristic([state])[0] for state in states]


@settings(deadline=None)
@given(random_tasks())
def test_goal_states_are_estimated_at_nought_and_others_above(task: Task) -> None:
    states = states_of(task)
    for heuristic in (GoalCount(task), HAdd(task), HFF(task), LandmarkCount(task)):
        for state, estimate in zip(states, heuristic(states), strict=True):
            assert (estimate == 0) == task.is_goal(state)


def reaches_the_goal(task: Task, plan: tuple[str, ...]) -> bool:
    """Play a plan over sets of facts."""
    by_name = {operator.name: operator for operator in task.operators}
    state = task.init
    for name in plan:
        assert state.issuperset(by_name[name].preconditions)
        state = apply(by_name[name], state)
    return state.issuperset(task.goal)


def levels(task: Task, state: State) -> float:
    """Return after how many rounds without deletes the whole goal is true (h_max with unit costs)."""
    reached = set(task.true_facts(state))
    rounds = 0
    while not reached.issuperset(task.goal):
        new = {fact for one in task.operators if reached.issuperset(one.preconditions) for fact in one.add} - reached
        if not new:
            return math.inf
        reached |= new
        rounds += 1
    return rounds


def relaxed_plan_size(task: Task, state: State) -> float:
    """Return the size of the relaxed plan, supporter by supporter."""
    cost = additive_costs(task, state)
    chosen: set[int] = set()
    wanted = list(task.goal)
    if any(math.isinf(cost[fact]) for fact in wanted):
        return math.inf
    while wanted:
        fact = wanted.pop()
        if cost[fact] > 0:
            prices = {
                place: sum(cost[needed] for needed in one.preconditions)
                for place, one in enumerate(task.operators)
                if fact in one.add
            }
            best = min(prices, key=lambda place: (prices[place], place))
            if best not in chosen:
                chosen.add(best)
            wanted += task.operators[best].preconditions
    return len(chosen)
