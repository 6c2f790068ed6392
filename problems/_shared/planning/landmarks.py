"""Fact landmarks: facts that every plan needs on its way, even if nothing is ever deleted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from .task import State, Task

__all__ = ["fact_landmarks", "needed_just_before"]


def fact_landmarks(task: Task) -> tuple[State, ...]:
    """Return, for each fact, the facts that are needed by some operator of every relaxed plan that reaches it.

    Relaxed plans start in the initial state and delete nothing. The sets are bitsets like states. Each contains its
    own fact; that of a true fact, and of a fact without relaxed plan, contains nothing else. They are the greatest
    solution of: a landmark of a fact is one of some precondition of every operator that adds it.

    Reference: E. Keyder, S. Richter and M. Helmert, Sound and complete landmarks for And/Or graphs, ECAI 2010.
    """
    own = [1 << fact for fact in range(len(task.facts))]
    found: list[State | None] = [own[fact] if fact in task.init else None for fact in range(len(task.facts))]
    waiting: list[list[int]] = [[] for _ in task.facts]
    for place, operator in enumerate(task.operators):
        for fact in operator.preconditions:
            waiting[fact].append(place)
    queue = deque(range(len(task.operators)))
    queued = set(queue)
    while queue:
        place = queue.popleft()
        queued.discard(place)
        operator = task.operators[place]
        before = _union(found, operator.preconditions)
        if before is None:
            continue
        for fact in operator.add:
            if fact in task.init:
                continue
            known = found[fact]
            shared = (before if known is None else before & known) | own[fact]
            if shared != known:
                found[fact] = shared
                for other in waiting[fact]:
                    if other not in queued:
                        queued.add(other)
                        queue.append(other)
    return tuple(own[fact] if known is None else known for fact, known in enumerate(found))


def needed_just_before(task: Task, landmarks: Sequence[State]) -> tuple[State, ...]:
    """Return, for each fact, what must be true in the step before it becomes true for the first time.

    These are the preconditions that all operators share which add the fact and do not need it to have been true. For a
    fact of the initial state, which becomes true again, all operators that add it are taken.

    Args:
        task: the task.
        landmarks: what `fact_landmarks` returns for it.
    """
    shared: list[State | None] = [None] * len(task.facts)
    for operator in task.operators:
        needed = earlier = 0
        for fact in operator.preconditions:
            needed |= 1 << fact
            earlier |= landmarks[fact]
        for fact in operator.add:
            if fact in task.init or not earlier >> fact & 1:
                known = shared[fact]
                shared[fact] = needed if known is None else known & needed
    return tuple(known or 0 for known in shared)


def _union(found: Sequence[State | None], facts: Iterable[int]) -> State | None:
    """Return what is known of all facts together, or None where one of them has not been reached yet."""
    together = 0
    for fact in facts:
        known = found[fact]
        if known is None:
            return None
        together |= known
    return together
