"""States of a planning task seen as relations: sets of objects and sets of pairs of objects, many states at once.

Sets are bit-sliced. One bit belongs to one state, so a word of 64 bits holds the answer to "is object i in the set?"
for 64 states, and `&`, `|`, `^` work on a whole batch: a batch of up to 64 successors costs what a single state costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["Concept", "JoinedState", "Role", "Scene", "State", "as_state", "pack", "projections", "unpack"]

Array = np.ndarray[Any, np.dtype[Any]]
Words = np.ndarray[Any, np.dtype[np.uint64]]


def pack(table: Array) -> Words:
    """Return truth values as words of 64 bits, along the last axis.

    Args:
        table: (..., states) boolean array.

    Returns:
        (..., words) array; bits beyond the last state are zero.
    """
    bits = np.packbits(np.ascontiguousarray(table), axis=-1, bitorder="little")
    words = np.zeros((*bits.shape[:-1], -(-bits.shape[-1] // 8) * 8), dtype=np.uint8)
    words[..., : bits.shape[-1]] = bits
    return words.view(np.uint64)


def unpack(words: Words, states: int) -> Array:
    """Return words as truth values 0 and 1 of dtype uint8, the last axis running over the states."""
    raw = np.ascontiguousarray(words).view(np.uint8)
    return np.unpackbits(raw, axis=-1, count=states, bitorder="little")


class Concept:
    """A set of objects in each state of a batch.

    Args:
        words: (objects, words) array; bits beyond the last state mean nothing.
        states: how many states the batch has.
    """

    __slots__ = ("states", "words")

    def __init__(self, words: Words, states: int) -> None:
        self.words = words
        self.states = states

    def table(self) -> Array:
        """Return a (states, objects) array of 0 and 1."""
        return unpack(self.words, self.states).T

    def counts(self) -> Array:
        """Return how many objects it has in each state, a (states,) array."""
        return np.add.reduce(unpack(self.words, self.states), axis=0, dtype=np.float64)


class Role:
    """A set of pairs of objects in each state of a batch.

    Args:
        words: (objects, objects, words) array; bits beyond the last state mean nothing.
        states: how many states the batch has.
        derived: what was computed from the words; batches that share the words share it.
    """

    __slots__ = ("derived", "states", "words")

    def __init__(self, words: Words, states: int, derived: dict[str, Any] | None = None) -> None:
        self.words = words
        self.states = states
        self.derived: dict[str, Any] = {} if derived is None else derived

    def table(self) -> Array:
        """Return a (states, objects, objects) array of 0 and 1."""
        return unpack(self.words, self.states).transpose(2, 0, 1)

    def counts(self) -> Array:
        """Return how many pairs it has in each state, a (states,) array."""
        size = self.words.shape[0]
        rows = np.add.reduce(unpack(self.words, self.states), axis=1, dtype=np.uint8 if size < 256 else np.uint32)
        return np.add.reduce(rows, axis=0, dtype=np.float64)


def projections(atom: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the unary and binary atoms that stand for an atom: itself, or for more than two objects each pair of them.

    The pair of the first and third object of `p` is called `p.13`.
    """
    name, *objects = atom
    if len(objects) <= 2:
        yield name, tuple(objects)
        return
    for i in range(len(objects)):
        for j in range(i + 1, len(objects)):
            yield f"{name}.{i + 1}{j + 1}", (objects[i], objects[j])


class Scene:
    """What does not change in a task: its objects, their types, its goal and the static atoms.

    Args:
        objects: names, in any fixed order.
        types: the types of each object, by name; they read like static unary predicates.
        goal: atoms that must be true in the end, such as `("on", "a", "b")`.
        static: the true atoms that no action changes.
        facts: the atoms that a state may hold, in the order of its columns.
    """

    def __init__(
        self,
        objects: Sequence[str],
        types: Mapping[str, Iterable[str]],
        goal: Sequence[Sequence[str]],
        static: Sequence[Sequence[str]],
        facts: Sequence[Sequence[str]],
    ) -> None:
        self.size = len(objects)
        self._place = {name: place for place, name in enumerate(objects)}
        kinds = [(kind, name) for name, found in types.items() for kind in found]
        self.static = self._masks([*static, *kinds])
        wanted = {tuple(atom) for atom in goal}
        self.goal = self._masks(wanted)
        self.goal_count = len(wanted - {tuple(atom) for atom in static})
        self.goal_columns = np.array([i for i, atom in enumerate(facts) if tuple(atom) in wanted], dtype=np.intp)
        self.columns = self._columns(facts)
        self.shared: dict[tuple[str, int, bool, int], tuple[Words, dict[str, Any]]] = {}  # the same in all states

    def _cells(self, atom: Sequence[str]) -> Iterator[tuple[str, int, int]]:
        """Yield (predicate, rank, cell in the flattened set) for what an atom makes true; unknown objects count not."""
        for name, objects in projections(atom):
            places = [self._place.get(one, -1) for one in objects]
            if min(places, default=0) < 0:
                continue
            if not places:  # a predicate without arguments holds of all objects, or of none
                yield from ((name, 1, cell) for cell in range(self.size))
            elif len(places) == 1:
                yield name, 1, places[0]
            else:
                yield name, 2, places[0] * self.size + places[1]

    def _masks(self, atoms: Iterable[Sequence[str]]) -> dict[tuple[str, int], Array]:
        masks: dict[tuple[str, int], Array] = {}
        for atom in atoms:
            for name, rank, cell in self._cells(atom):
                mask = masks.setdefault((name, rank), np.zeros(self.size**rank, dtype=np.bool_))
                mask[cell] = True
        return masks

    def _columns(self, facts: Sequence[Sequence[str]]) -> dict[tuple[str, int], tuple[Array, Array, bool]]:
        """Return for each predicate the facts and the cells that they fill, and whether facts share a cell."""
        found: dict[tuple[str, int], tuple[list[int], list[int]]] = {}
        for column, atom in enumerate(facts):
            for name, rank, cell in self._cells(atom):
                columns, cells = found.setdefault((name, rank), ([], []))
                columns.append(column)
                cells.append(cell)
        return {
            key: (np.array(columns), np.array(cells), len(set(cells)) < len(cells))
            for key, (columns, cells) in found.items()
        }


class State:
    """A batch of states of one task.

    Args:
        scene: of the task.
        table: (states, facts) boolean array, one column for each of the scene's facts.
        values: further numbers per state by name, such as {"ff": ...}: called when they are first asked for.
    """

    def __init__(self, scene: Scene, table: Array, values: Mapping[str, Callable[[], Array]] | None = None) -> None:
        self.size = scene.size
        self.states = len(table)
        self._scene = scene
        self._table = table
        self._values = values or {}
        self._asked: dict[str, Array] = {}
        self._known: dict[tuple[str, int, bool], Any] = {}

    def concept(self, predicate: str, *, of_goal: bool = False) -> Concept:
        """Return the objects that a unary predicate holds of, in the states or in the goal; none if it is unknown."""
        found: Concept = self._set(predicate, 1, of_goal)
        return found

    def role(self, predicate: str, *, of_goal: bool = False) -> Role:
        """Return the pairs that a binary predicate holds of, in the states or in the goal; none if it is unknown."""
        found: Role = self._set(predicate, 2, of_goal)
        return found

    def value(self, name: str) -> Array:
        """Return one of the further numbers, a (states,) array; zeros where it is not offered."""
        if name not in self._asked:
            self._asked[name] = self._values[name]() if name in self._values else np.zeros(self.states)
        return self._asked[name]

    @cached_property
    def everything(self) -> Concept:
        """All objects."""
        return Concept(np.full((self.size, -(-self.states // 64)), ~np.uint64(0)), self.states)

    @cached_property
    def unmet(self) -> Array:
        """The number of atoms of the goal that are not true, a (states,) array."""
        met = np.add.reduce(self._table[:, self._scene.goal_columns], axis=1, dtype=np.float64)
        return np.subtract(float(self._scene.goal_count), met)

    def _set(self, predicate: str, rank: int, of_goal: bool) -> Any:
        key = (predicate, rank, of_goal)
        if key not in self._known:
            self._known[key] = self._read(predicate, rank, of_goal)
        return self._known[key]

    def _read(self, predicate: str, rank: int, of_goal: bool) -> Any:
        scene = self._scene
        shape = (*[self.size] * rank, -(-self.states // 64))
        if not of_goal and (predicate, rank) in scene.columns:
            columns, cells, overlap = scene.columns[predicate, rank]
            words = np.zeros((self.size**rank, shape[-1]), dtype=np.uint64)
            if overlap:
                np.bitwise_or.at(words, cells, self._words[columns])
            else:
                words[cells] = self._words[columns]
            return (Concept if rank == 1 else Role)(words.reshape(shape), self.states)
        place = (predicate, rank, of_goal, shape[-1])
        if place not in scene.shared:
            mask = (scene.goal if of_goal else scene.static).get((predicate, rank), np.zeros(1, dtype=np.bool_))
            words = np.broadcast_to(np.where(mask, ~np.uint64(0), np.uint64(0))[:, None], (self.size**rank, shape[-1]))
            scene.shared[place] = words.reshape(shape), {}
        words, derived = scene.shared[place]
        return Concept(words, self.states) if rank == 1 else Role(words, self.states, derived)

    @cached_property
    def _words(self) -> Words:
        return pack(self._table.T)


class JoinedState(State):
    """Several batches as one, of tasks that may differ but have equally many objects.

    Args:
        parts: the batches, at least one.
    """

    def __init__(self, parts: Sequence[State]) -> None:
        super().__init__(parts[0]._scene, np.concatenate([np.zeros((part.states, 0)) for part in parts]))
        self._parts = parts

    @cached_property
    def unmet(self) -> Array:
        return np.concatenate([part.unmet for part in self._parts])

    def value(self, name: str) -> Array:
        if name not in self._asked:
            self._asked[name] = np.concatenate([part.value(name) for part in self._parts])
        return self._asked[name]

    def _read(self, predicate: str, rank: int, of_goal: bool) -> Any:
        found = [part._set(predicate, rank, of_goal) for part in self._parts]
        tables = [unpack(one.words, one.states) for one in found]
        return (Concept if rank == 1 else Role)(pack(np.concatenate(tables, axis=-1)), self.states)


def as_state(state: State | Mapping[str, Any]) -> State:
    """Return a batch; plain data become a batch of one.

    Args:
        state: a batch, or {"objects", "types", "goal", "static", "atoms"}: names, types by name, and lists of atoms.
    """
    if isinstance(state, State):
        return state
    scene = Scene(state["objects"], state["types"], state["goal"], state["static"], state["atoms"])
    return State(scene, np.ones((1, len(state["atoms"])), dtype=np.bool_))
