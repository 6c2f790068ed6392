"""Greedy best-first search whose counts are the same on every machine: fixed order, fixed ties, no clock."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from .task import State, Task

__all__ = ["Heuristic", "SearchResult", "search"]

Heuristic = Callable[[list[State]], Sequence[float]]
"""Estimates of how far states are from the goal, asked for in one call for all new successors of a state. Infinity
and NaN say that the goal cannot be reached from there."""


@dataclass(frozen=True)
class SearchResult:
    """How a search ended.

    Args:
        status: "solved"; "exhausted" when no state is left to expand; "limit" when the expansions are used up.
        plan: the names of the operators of the plan, in order; empty where none was found.
        expansions: how many states had their successors made.
        evaluations: how many states the heuristic was asked about.
    """

    status: Literal["solved", "exhausted", "limit"]
    plan: tuple[str, ...]
    expansions: int
    evaluations: int

    @property
    def plan_length(self) -> int:
        """The number of steps of the plan."""
        return len(self.plan)


def search(task: Task, heuristic: Heuristic, max_expansions: int) -> SearchResult:
    """Search from the initial state, always going on where the heuristic is least.

    A state is tested for the goal when it is made, so the search ends at the first goal state that is made, whatever
    the heuristic says of it. Among equal estimates, the state that was made first goes first; successors are made in
    the order of the task's operators. A state is made once: a later way to it is ignored.

    Args:
        task: what to solve.
        heuristic: the estimates of a list of states, as a sequence of as many numbers.
        max_expansions: at most so many states are expanded; at least 0.

    Returns:
        The status, the plan if one was found, and the counts.

    Raises:
        ValueError: the heuristic gave another number of estimates than there were states.

    Reference: J. E. Doran and D. Michie, Experiments with the Graph Traverser program, Proc. R. Soc. A 294 (1966).
    """
    start = task.initial_state
    if task.is_goal(start):
        return SearchResult("solved", (), 0, 0)
    parents: dict[State, tuple[State, int]] = {start: (start, -1)}
    queue: list[tuple[float, int, State]] = []
    made = _push(queue, 0, [start], heuristic)
    expansions = 0
    while queue and expansions < max_expansions:
        _, _, state = heapq.heappop(queue)
        expansions += 1
        new = []
        for operator, successor in task.successors(state):
            if successor not in parents:
                parents[successor] = (state, operator)
                if task.is_goal(successor):
                    return SearchResult("solved", _plan(task, parents, successor), expansions, made)
                new.append(successor)
        if new:
            made = _push(queue, made, new, heuristic)
    return SearchResult("limit" if queue else "exhausted", (), expansions, made)


def _push(queue: list[tuple[float, int, State]], made: int, states: list[State], heuristic: Heuristic) -> int:
    """Put states into the queue unless they are dead ends; return how many states have been evaluated by now."""
    estimates = heuristic(states)
    if len(estimates) != len(states):
        raise ValueError(f"the heuristic gave {len(estimates)} estimates for {len(states)} states")
    for state, value in zip(states, estimates, strict=True):
        estimate = float(value)
        if not (math.isnan(estimate) or estimate == math.inf):
            heapq.heappush(queue, (estimate, made, state))
        made += 1
    return made


def _plan(task: Task, parents: dict[State, tuple[State, int]], state: State) -> tuple[str, ...]:
    steps = []
    while parents[state][1] >= 0:
        state, operator = parents[state]
        steps.append(task.operators[operator].name)
    return tuple(reversed(steps))
