"""How well a heuristic chooses: on small tasks whose exact distances are known, does its favourite lead nearer?

Greedy search follows its heuristic from a state to the successor that it likes best. On tasks that are small enough to
enumerate, every state's distance to the goal is known, so each such choice is right or wrong, and thousands of choices
are judged by one evaluation of the heuristic on one batch.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from evolve_problems._shared.planning import Task

Array = np.ndarray[Any, np.dtype[Any]]

__all__ = ["Choices", "choices_of", "distances", "joined"]

_LEAST = 0.05


@dataclass(frozen=True)
class Choices:
    """States of one task, each followed by its successors, and which of these are right.

    Args:
        states: bitsets: a state, its successors, the next state, and so on.
        starts: where each group begins.
        right: for each state, True if it is a successor that is one step nearer to the goal than the state it follows.
        levels: for each group, the distance of its state from the goal, counted from 0; groups are sorted by it.
        nearer, farther: (pairs,) places of two states, the first of which is nearer to the goal.
    """

    states: tuple[int, ...]
    starts: Array
    right: Array
    levels: Array
    nearer: Array
    farther: Array

    def accuracy(self, values: Array) -> tuple[float, float]:
        """Return how often the favourite successor is right, and how often two states are in the right order.

        Among equals, the share of them that is right counts.

        Args:
            values: (states,) what the heuristic says.

        Returns:
            Two numbers in [0, 1].
        """
        firsts = np.zeros(len(values), dtype=np.bool_)
        firsts[self.starts] = True
        least = np.minimum.reduceat(np.where(firsts, np.inf, values), self.starts)
        favourite = ~firsts & (values == least[np.cumsum(firsts) - 1])
        chosen = np.add.reduceat(favourite.astype(np.float64), self.starts)
        hits = np.add.reduceat((favourite & self.right).astype(np.float64), self.starts)
        near, far = values[self.nearer], values[self.farther]
        ordered = float(np.mean((near < far) + 0.5 * (near == far)))
        level = np.bincount(self.levels, hits / np.maximum(chosen, 1.0)) / np.bincount(self.levels)
        return float(1.0 / np.mean(1.0 / np.maximum(level, _LEAST))), ordered


def distances(task: Task, most: int) -> dict[int, int] | None:
    """Return the exact distance to the goal of all states that can be reached and from which it can be reached.

    Args:
        task: a small one.
        most: how many states it may have.

    Returns:
        None if it has more.
    """
    before: dict[int, list[int]] = {task.initial_state: []}
    queue = deque(before)
    while queue:
        state = queue.popleft()
        for _, successor in task.successors(state):
            if successor not in before:
                before[successor] = []
                queue.append(successor)
                if len(before) > most:
                    return None
            before[successor].append(state)
    found = {state: 0 for state in before if task.is_goal(state)}
    queue = deque(found)
    while queue:
        state = queue.popleft()
        for earlier in before[state]:
            if earlier not in found:
                found[earlier] = found[state] + 1
                queue.append(earlier)
    return found


def choices_of(task: Task, per_level: int, pairs: int, most: int) -> Choices | None:
    """Return states of a small task at all distances from the goal, each with its successors.

    States from which one step leads to a goal are left out: search ends there whatever the heuristic says.

    Args:
        task: a small one.
        per_level: how many states to take for each distance, at most.
        pairs: how many pairs of these states to compare.
        most: how many states the task may have.

    Returns:
        None if it has more.
    """
    exact = distances(task, most)
    if exact is None:
        return None
    levels: dict[int, list[int]] = {}
    for state in sorted(exact):
        if exact[state] > 1:
            levels.setdefault(exact[state], []).append(state)
    states: list[int] = []
    right: list[bool] = []
    starts: dict[int, list[int]] = {}
    for level, found in sorted(levels.items()):
        step = max(1.0, len(found) / per_level)
        for state in [found[int(step * (k + 0.5))] for k in range(min(per_level, len(found)))]:
            starts.setdefault(level, []).append(len(states))
            successors = sorted({successor for _, successor in task.successors(state)})
            states += [state, *successors]
            right += [False, *(exact.get(successor, -1) == exact[state] - 1 for successor in successors)]
    rng = random.Random(len(states))
    near, far = [], []
    for _ in range(pairs):
        low, high = sorted(rng.sample(sorted(starts), 2))
        near.append(rng.choice(starts[low]))
        far.append(rng.choice(starts[high]))
    levels_of = [place for place, found in enumerate(starts.values()) for _ in found]
    begun = [place for found in starts.values() for place in found]
    return Choices(tuple(states), np.array(begun), np.array(right), np.array(levels_of), np.array(near), np.array(far))


def joined(parts: Sequence[Choices]) -> Choices:
    """Return the choices of several tasks as those of one batch in which their states follow each other."""
    offsets = np.cumsum([0, *(len(part.states) for part in parts)])
    levels = np.cumsum([0, *(part.levels.max() + 1 for part in parts)])
    moved = [(part, int(by)) for part, by in zip(parts, offsets, strict=False)]
    return Choices(
        tuple(state for part in parts for state in part.states),
        np.concatenate([part.starts + by for part, by in moved]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.levels + int(by) for part, by in zip(parts, levels, strict=False)]),
        np.concatenate([part.nearer + by for part, by in moved]),
        np.concatenate([part.farther + by for part, by in moved]),
    )
