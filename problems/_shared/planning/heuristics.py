"""Known heuristics: each is built for a task and then estimates a whole list of states in one call."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .landmarks import fact_landmarks, needed_just_before
from .relaxation import Costs, Relaxation
from .task import State, Task

__all__ = ["HFF", "GoalCount", "HAdd", "LandmarkCount"]

_AT_ONCE = 64
"""So many states are relaxed together: their costs stay in the cache."""


class GoalCount:
    """How many facts of the goal are false.

    Args:
        task: the task.
    """

    def __init__(self, task: Task) -> None:
        self._goal = task.goal_mask

    def __call__(self, states: list[State]) -> list[float]:
        """Return the estimate of each state."""
        return [float((self._goal & ~state).bit_count()) for state in states]


class HAdd:
    """The costs of the facts of the goal, each reached on its own without deletes, added up.

    Infinity where the goal cannot be reached even without deletes, and only there.

    Args:
        task: the task.

    Reference: B. Bonet and H. Geffner, Planning as heuristic search, Artificial Intelligence 129 (2001).
    """

    def __init__(self, task: Task) -> None:
        self._relaxation = Relaxation(task)
        self._goal = list(task.goal)

    def __call__(self, states: list[State]) -> list[float]:
        """Return the estimate of each state."""
        estimates: list[float] = []
        for first in range(0, len(states), _AT_ONCE):
            costs = self._relaxation.costs(states[first : first + _AT_ONCE])
            estimates += costs.facts[self._goal].sum(axis=0).tolist()
        return estimates


class HFF:
    """The number of operators in a plan without deletes, put together from the cheapest operator for each fact.

    Cheapest is meant as in `HAdd`; among equals the first of the task is taken, so the estimate is the same everywhere.
    Infinity where the goal cannot be reached even without deletes, and only there.

    Args:
        task: the task.

    Reference: J. Hoffmann and B. Nebel, The FF planning system, JAIR 14 (2001), with the supporters of E. Keyder and
    H. Geffner, Heuristics for planning with action costs revisited, ECAI 2008.
    """

    def __init__(self, task: Task) -> None:
        self._relaxation = Relaxation(task)
        self._goal = list(task.goal)
        widest = max((len(operator.preconditions) for operator in task.operators), default=0)
        nothing = len(task.facts)  # a fact of no operator, which fills the rows up
        rows = [one.preconditions + (nothing,) * (widest - len(one.preconditions)) for one in task.operators]
        self._preconditions = np.array(rows, dtype=np.intp).reshape(len(rows), widest)

    def __call__(self, states: list[State]) -> list[float]:
        """Return the estimate of each state."""
        estimates: list[float] = []
        for first in range(0, len(states), _AT_ONCE):
            costs = self._relaxation.costs(states[first : first + _AT_ONCE])
            sizes = self._plan(costs).sum(axis=0)
            reachable = np.isfinite(costs.facts[self._goal]).all(axis=0)
            estimates += np.where(reachable, sizes, np.inf).tolist()
        return estimates

    def _plan(self, costs: Costs) -> NDArray[np.bool_]:
        """Return which operators the relaxed plan of each state has, of shape (operators, states)."""
        count, width = costs.facts.shape
        chosen = np.zeros((len(self._preconditions), width), dtype=np.bool_)
        settled = np.ones((count + 1, width), dtype=np.bool_)  # what is true, has its supporter, or can have none
        settled[:count] = (costs.facts == 0.0) | np.isinf(costs.facts)
        supporters = self._relaxation.supporters(costs)
        wanted = np.zeros_like(settled)
        wanted[self._goal] = True
        while True:
            fact, state = np.nonzero(wanted & ~settled)
            if not len(fact):
                return chosen
            settled[fact, state] = True
            operator = supporters[fact, state]
            chosen[operator, state] = True
            wanted = np.zeros_like(settled)
            wanted[self._preconditions[operator], state[:, None]] = True


class LandmarkCount:
    """How many landmarks are still to come, judged by the state alone.

    For each false fact of the goal, its landmarks count that are false and lie behind no landmark of it that is true
    now: what led to a true one is not needed again for it. What must be true just before one that counts, and is not,
    counts as well. Each fact counts once.

    Args:
        task: the task.

    Reference: J. Hoffmann, J. Porteous and L. Sebastia, Ordered landmarks in planning, JAIR 22 (2004). The count
    there and in LAMA depends on the path; this one does not.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._landmarks = fact_landmarks(task)
        self._before = needed_just_before(task, self._landmarks)

    def __call__(self, states: list[State]) -> list[float]:
        """Return the estimate of each state."""
        return [float(self._needed(state).bit_count()) for state in states]

    def _needed(self, state: State) -> State:
        needed = 0
        for goal in self._task.true_facts(self._task.goal_mask & ~state):
            landmarks = self._landmarks[goal]
            passed = 0
            for fact in self._task.true_facts(landmarks & state):
                passed |= self._landmarks[fact]
            needed |= landmarks & ~passed
        new = needed
        while new:
            before = 0
            for fact in self._task.true_facts(new):
                before |= self._before[fact]
            new = before & ~state & ~needed
            needed |= new
        return needed
