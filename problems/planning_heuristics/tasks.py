"""The tasks of the problem, grounded once in each process, and what is known of them before any heuristic runs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from evolve_problems._shared.planning import (
    HFF,
    LandmarkCount,
    Task,
    domain_text,
    generate,
    search,
    splits,
    task_from_text,
)
from evolve_problems.planning_heuristics.choices import Choices, choices_of, joined
from evolve_problems.planning_heuristics.relations import JoinedState, Scene, State, projections

__all__ = [
    "KnownTask",
    "Practice",
    "allowance",
    "known_task",
    "label",
    "practice",
    "training_ladder",
    "validation_tasks",
    "vocabulary",
]

Array = np.ndarray[Any, np.dtype[Any]]

_PRACTICE: Mapping[str, Mapping[int, int]] = {
    "blocksworld": {5: 4, 6: 3},
    "gripper": {5: 3, 7: 3},
    "logistics": {2: 2, 3: 4},
    "childsnack": {2: 2, 3: 4},
    "rovers": {2: 2, 3: 3},
    "sokoban": {2: 5},
    "transport": {2: 2, 3: 3},
    "visitall": {3: 3, 4: 3},
}
"""For each domain, sizes whose states can be enumerated, and how many tasks of that size to practise on."""

_SLACK, _TIMES = 50, 6
_PRACTICE_SEED, _LADDER_SEED, _LARGE_SEED = 300, 400, 500
_MOST_STATES = 20_000
_PROBED, _MIDDLE = 64, 2  # states of a task, and a place in the training ladder
_FAR = 1e6  # stands for infinity in a feature


class KnownTask:
    """A task as programs see it.

    Args:
        task: the grounded task.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        types = dict(zip(task.objects, task.types, strict=True))
        goal = [task.facts[place] for place in task.goal]
        self.scene = Scene(task.objects, types, goal, task.static_atoms, task.facts)
        self._plain = {
            "objects": list(task.objects),
            "types": {name: list(kinds) for name, kinds in types.items()},
            "predicates": {one.name: one.arity for one in task.predicates},
            "goal": [list(atom) for atom in goal],
            "static": [list(atom) for atom in task.static_atoms],
        }

    def batch(self, states: Sequence[int]) -> State:
        """Return states as one batch of relations."""
        fixed = list(states)
        values: dict[str, Callable[[], Array]] = {
            "ff": lambda: self._feature(self._ff, fixed),
            "landmarks": lambda: self._feature(self._landmarks, fixed),
        }
        return State(self.scene, self.task.matrix(fixed), values)

    def plain(self, state: int) -> dict[str, Any]:
        """Return one state, and all that it takes to read it, as plain data."""
        return {"atoms": [list(atom) for atom in self.task.atoms_of(state)], **self._plain}

    @functools.cached_property
    def _ff(self) -> HFF:
        return HFF(self.task)

    @functools.cached_property
    def _landmarks(self) -> LandmarkCount:
        return LandmarkCount(self.task)

    @staticmethod
    def _feature(heuristic: Callable[[list[int]], Sequence[float]], states: list[int]) -> Array:
        return np.minimum(np.asarray(heuristic(states), dtype=np.float64), _FAR)


@functools.lru_cache(maxsize=64)
def known_task(domain: str, size: int, seed: int) -> KnownTask:
    """Return a task of a domain.

    Raises:
        ProblemError: there is no such domain.
    """
    return KnownTask(task_from_text(domain_text(domain), generate(domain, size, seed)))


def label(size: int, seed: int) -> str:
    """Return a task's name within its domain, such as "08-104"."""
    return f"{size:02}-{seed}"


def training_ladder(domain: str) -> list[tuple[int, int]]:
    """Return size and seed of the tasks that searches are trained on, from small to large.

    Two are among the larger of the domain's training tasks. The others are as large as tasks for validation and as the
    smaller ones for test, with seeds of their own: what solves all small tasks is told apart by them.
    """
    found = splits(domain)
    sizes = [size for size, _ in found["validation"][::2]] + [size for size, _ in found["test"][1:6:2]]
    ladder = [found["train"][5], found["train"][-1], *((size, _LADDER_SEED + i) for i, size in enumerate(sizes))]
    return sorted(ladder)


def validation_tasks(domain: str) -> list[tuple[int, int]]:
    """Return size and seed of the tasks that finalists are chosen on: the domain's own, and some as large as for test.

    Heuristics that solve all of the former are told apart by the latter.
    """
    found = splits(domain)
    large = [(size, _LARGE_SEED + place) for place, (size, _) in enumerate(found["test"][4:9:2])]
    return [*found["validation"][3:], *large]


def allowance(known: KnownTask) -> int:
    """Return how many expansions a training search may take: enough for a heuristic that is good, in tasks of any size.

    That is some times the length of a relaxed plan; most heuristics fail on most tasks, so what failing costs counts.
    """
    (steps,) = HFF(known.task)([known.task.initial_state])
    return _SLACK + int(_TIMES * steps)


@dataclass(frozen=True)
class Practice:
    """Small tasks whose exact distances are known, as one batch for each number of objects.

    Args:
        batches: the states.
        rows: for each batch, the task and the state of each of its rows.
        choices: for each batch, what is right.
        probes: tasks with states of them, by which heuristics are told apart.
    """

    batches: tuple[State, ...]
    rows: tuple[Sequence[tuple[KnownTask, int]], ...]
    choices: tuple[Choices, ...]
    probes: tuple[tuple[KnownTask, Sequence[int]], ...]

    def accuracy(self, values: Sequence[Array]) -> tuple[float, float]:
        """Return the mean accuracies of choices and of orders, each in [0, 1], of a heuristic's values."""
        found = np.array([one.accuracy(each) for one, each in zip(self.choices, values, strict=True)])
        return float(found[:, 0].mean()), float(found[:, 1].mean())


@functools.lru_cache(maxsize=2)
def practice(domain: str) -> Practice:
    """Return the small tasks of a domain that local choices are judged on.

    Raises:
        ProblemError: there is no such domain.
    """
    splits(domain)
    by_size: dict[int, list[tuple[KnownTask, Choices]]] = {}
    for size, wanted in _PRACTICE[domain].items():
        seed, done = _PRACTICE_SEED, 0
        while done < wanted:
            known = known_task(domain, size, seed)
            seed += 1
            found = choices_of(known.task, per_level=4, pairs=400, most=_MOST_STATES)
            if found is not None:
                done += 1
                by_size.setdefault(known.scene.size, []).append((known, found))
    groups = list(by_size.values())
    return Practice(
        tuple(JoinedState([known.batch(found.states) for known, found in parts]) for parts in groups),
        tuple([(known, state) for known, found in parts for state in found.states] for parts in groups),
        tuple(joined([found for _, found in parts]) for parts in groups),
        tuple(_probes(domain, *groups[-1][0])),
    )


def _probes(domain: str, tiny: KnownTask, found: Choices) -> Iterator[tuple[KnownTask, Sequence[int]]]:
    """Yield a tiny task, and one of middle size with states on and beside the plan that h_FF leads to."""
    yield tiny, found.states[:: len(found.states) // _PROBED + 1]
    middle = known_task(domain, *training_ladder(domain)[_MIDDLE])
    steps = {one.name: place for place, one in enumerate(middle.task.operators)}
    state, states = middle.task.initial_state, []
    for name in search(middle.task, HFF(middle.task), _MOST_STATES).plan:
        after = dict(middle.task.successors(state))
        states += [state, *after.values()]
        state = after[steps[name]]
    yield middle, states[:: len(states) // _PROBED + 1]


@functools.lru_cache(maxsize=8)
def vocabulary(domain: str) -> dict[str, tuple[str, ...]]:
    """Return the predicates that programs of a domain may name, by the types of `primitives.py`.

    A predicate without arguments counts as a unary one, and so does a type that not all objects have.
    """
    names: dict[str, set[str]] = {"Unary": set(), "Binary": set(), "GoalUnary": set(), "GoalBinary": set()}
    for size, seed in splits(domain)["train"]:
        task = known_task(domain, size, seed).task
        for one in task.predicates:
            for name, objects in projections((one.name, *map(str, range(one.arity)))):
                names["Binary" if len(objects) == 2 else "Unary"].add(name)
        kinds = [kind for found in task.types for kind in found]
        names["Unary"].update(kind for kind in kinds if kinds.count(kind) < len(task.objects))
        for place in task.goal:
            for name, objects in projections(task.facts[place]):
                names["GoalBinary" if len(objects) == 2 else "GoalUnary"].add(name)
    return {kind: tuple(sorted(found)) for kind, found in names.items()}
