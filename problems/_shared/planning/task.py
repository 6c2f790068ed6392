"""A grounded planning task: numbered facts, operators over them, and states that are bitsets.

A state is a Python integer whose bit i says whether fact i is true. Copying, hashing and comparing are then single
operations of the interpreter, and an operator is applied by two of them. Everything is in a fixed order, so
that nothing that is computed from a task depends on how Python hashes strings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Atom", "Operator", "Predicate", "State", "Task"]

Atom = tuple[str, ...]
"""A ground atom: the name of its predicate, then the names of its objects, as in `("on", "a", "b")`."""

State = int
"""The true facts as a bitset: bit i is fact i of the task."""


@dataclass(frozen=True)
class Predicate:
    """A predicate of the domain.

    Args:
        name: its name, in lower case.
        arity: how many arguments it has.
        static: True where no operator changes it.
    """

    name: str
    arity: int
    static: bool


@dataclass(frozen=True)
class Operator:
    """A ground action; facts are given by their indices, in rising order.

    Args:
        name: the action and its objects as a plan writes them, as in `"(move a b)"`.
        preconditions: the facts that must be true.
        add: the facts that become true.
        delete: the facts that become false; none of them is in `add`.
    """

    name: str
    preconditions: tuple[int, ...]
    add: tuple[int, ...]
    delete: tuple[int, ...]


@dataclass(frozen=True)
class Task:
    """A planning task after grounding.

    Args:
        name: the name of the problem.
        domain: the name of the domain.
        objects: all objects, constants of the domain included, in sorted order.
        types: for each object, its type and the ancestors of that, nearest first; the root `object` is left out.
        predicates: the predicates of the domain, by name.
        facts: the fluent atoms that can become true when nothing is ever deleted, and those of the goal, in sorted
            order; a fact's place is its bit.
        init: the facts that are true at the start.
        goal: the facts that must be true at the end, in rising order; static atoms that are true are left out.
        static_atoms: the true atoms of the static predicates, in sorted order.
        operators: the ground actions that can ever be applied and change something, in the order in which the domain
            declares the actions, and by name within an action.
    """

    name: str
    domain: str
    objects: tuple[str, ...]
    types: tuple[tuple[str, ...], ...]
    predicates: tuple[Predicate, ...]
    facts: tuple[Atom, ...]
    init: frozenset[int]
    goal: tuple[int, ...]
    static_atoms: tuple[Atom, ...]
    operators: tuple[Operator, ...]

    @cached_property
    def initial_state(self) -> State:
        """The state that a plan starts from."""
        return _bitset(self.init)

    @cached_property
    def goal_mask(self) -> State:
        """The facts of the goal as a bitset."""
        return _bitset(self.goal)

    def is_goal(self, state: State) -> bool:
        """Tell whether every fact of the goal is true."""
        return state & self.goal_mask == self.goal_mask

    def applicable(self, state: State) -> list[int]:
        """Return the indices of the operators whose preconditions are true, in rising order."""
        return [index for index, _ in self.successors(state)]

    def successors(self, state: State) -> list[tuple[int, State]]:
        """Return each applicable operator's index and the state that it leads to, in rising order of the index."""
        watched, free = self._watched
        found = [(index, state & keep | add) for index, _, keep, add in free]
        for fact in self.true_facts(state):
            for index, needed, keep, add in watched[fact]:
                if state & needed == needed:
                    found.append((index, state & keep | add))
        found.sort()
        return found

    def true_facts(self, state: State) -> Iterator[int]:
        """Walk over the facts that are true, in rising order."""
        bits = bin(state)
        last = len(bits) - 1
        place = bits.rfind("1")
        while place > 0:
            yield last - place
            place = bits.rfind("1", 0, place)

    def atoms_of(self, state: State) -> tuple[Atom, ...]:
        """Return the fluent atoms that are true, in the order of the facts."""
        return tuple(self.facts[index] for index in self.true_facts(state))

    def state_of(self, atoms: Iterable[Atom]) -> State:
        """Return the state in which exactly these atoms are true.

        Raises:
            KeyError: an atom is no fact of this task.
        """
        return _bitset(self._index[atom] for atom in atoms)

    def matrix(self, states: Sequence[State]) -> NDArray[np.bool_]:
        """Return states as one array of truth values, of shape (states, facts)."""
        width = len(self.facts) // 8 + 1
        packed = np.frombuffer(b"".join(state.to_bytes(width, "little") for state in states), dtype=np.uint8)
        bits = np.unpackbits(packed.reshape(len(states), width), axis=1, count=len(self.facts), bitorder="little")
        return bits.view(np.bool_)

    @cached_property
    def _index(self) -> dict[Atom, int]:
        return {atom: index for index, atom in enumerate(self.facts)}

    @cached_property
    def _watched(self) -> tuple[list[list[_Applied]], list[_Applied]]:
        """The operators by the one precondition that fewest share, so that few are looked at in a state."""
        shared = [0] * len(self.facts)
        for operator in self.operators:
            for fact in operator.preconditions:
                shared[fact] += 1
        watched: list[list[_Applied]] = [[] for _ in self.facts]
        free: list[_Applied] = []
        everything = (1 << len(self.facts)) - 1
        for index, operator in enumerate(self.operators):
            keep = everything & ~_bitset(operator.delete)
            entry = (index, _bitset(operator.preconditions), keep, _bitset(operator.add))
            if operator.preconditions:
                watched[min(operator.preconditions, key=lambda fact: (shared[fact], fact))].append(entry)
            else:
                free.append(entry)
        return watched, free


_Applied = tuple[int, State, State, State]  # index of the operator; bitsets: preconditions, all but deletes, adds


def _bitset(facts: Iterable[int]) -> State:
    bits = 0
    for fact in facts:
        bits |= 1 << fact
    return bits
