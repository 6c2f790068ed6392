"""`Lineage`: who descends from whom, and sums over ancestors that are kept up to date.

A trial's primary parent makes the trials a forest. Its shape lies in flat arrays: 100,000 trials take a few
megabytes, and a chain of any depth is walked without recursion.
"""

from __future__ import annotations

import operator
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Aggregate", "Lineage"]

_NONE = -1
_ABSENT = -2


@dataclass
class Aggregate:
    """What a trial and all its descendants gathered, for every trial at once.

    Adding costs one step per ancestor; reading costs nothing. `combine` must be commutative and associative, with
    `zero` as its neutral element: then the order in which outcomes arrive does not matter.

    Args:
        lineage: who descends from whom.
        zero: the value of a trial with no outcome, such as (0.0, 0.0) for successes and failures.
        combine: joins two numbers, place by place.

    Reference: the backup step of tree search, Coulom, "Efficient selectivity and backup operators", CG 2006.
    """

    lineage: Lineage
    zero: tuple[float, ...]
    combine: Callable[[float, float], float] = operator.add
    _values: array[float] = field(default_factory=lambda: array("d"), init=False, repr=False)

    def add(self, number: int, values: Sequence[float]) -> None:
        """Add an outcome to a trial and to all its ancestors along primary parents.

        Args:
            number: the trial.
            values: as many numbers as `zero` has.

        Raises:
            ValueError: there are more or fewer numbers.
        """
        width = len(self.zero)
        if len(values) != width:
            raise ValueError(f"expected {width} values, got {len(values)}")
        self._grow()
        stored, combine, parents = self._values, self.combine, self.lineage._parent
        while number >= 0:
            for place, value in enumerate(values, number * width):
                stored[place] = combine(stored[place], value)
            number = parents[number]

    def of(self, number: int) -> tuple[float, ...]:
        """Return what a trial and its descendants gathered."""
        start = number * len(self.zero)
        return tuple(self._values[start : start + len(self.zero)]) or self.zero

    def table(self) -> NDArray[np.float64]:
        """Return what every trial and its descendants gathered, one row per number: a copy, for whole-array work."""
        self._grow()
        return np.array(self._values).reshape(-1, len(self.zero))

    def _grow(self) -> None:
        missing = len(self.lineage) - len(self._values) // len(self.zero)
        if missing > 0:
            self._values.extend(self.zero * missing)


@dataclass
class Lineage:
    """Parents and children of all trials, and named aggregates over ancestors."""

    _parent: array[int] = field(default_factory=lambda: array("i"), init=False, repr=False)
    _depth: array[int] = field(default_factory=lambda: array("i"), init=False, repr=False)
    _first_child: array[int] = field(default_factory=lambda: array("i"), init=False, repr=False)
    _last_child: array[int] = field(default_factory=lambda: array("i"), init=False, repr=False)
    _next_sibling: array[int] = field(default_factory=lambda: array("i"), init=False, repr=False)
    _roots: array[int] = field(default_factory=lambda: array("i"), init=False, repr=False)
    _others: dict[int, tuple[int, ...]] = field(default_factory=dict, init=False, repr=False)
    _aggregates: dict[str, Aggregate] = field(default_factory=dict, init=False, repr=False)

    def add(self, number: int, parents: Sequence[int]) -> None:
        """Take in a trial.

        Args:
            number: its number, >= 0; numbers may come in any order, but after those of the parents.
            parents: numbers of its parents, the primary one first.

        Raises:
            ValueError: the number is taken, or a parent is unknown.
        """
        if number in self:
            raise ValueError(f"trial {number} is already in the lineage")
        for parent in parents:
            if parent not in self:
                raise ValueError(f"trial {number} names a parent, {parent}, that is not in the lineage")
        missing = number + 1 - len(self._parent)
        if missing > 0:
            self._parent.extend([_ABSENT] * missing)
            self._depth.extend([0] * missing)
            for links in (self._first_child, self._last_child, self._next_sibling):
                links.extend([_NONE] * missing)
        self._parent[number] = _NONE
        if parents:
            self._link(number, parents[0])
        else:
            self._roots.append(number)
        if len(parents) > 1:
            self._others[number] = tuple(parents[1:])

    def _link(self, number: int, parent: int) -> None:
        self._parent[number] = parent
        self._depth[number] = self._depth[parent] + 1
        elder = self._last_child[parent]
        if elder == _NONE:
            self._first_child[parent] = number
        else:
            self._next_sibling[elder] = number
        self._last_child[parent] = number

    def __contains__(self, number: int) -> bool:
        return 0 <= number < len(self._parent) and self._parent[number] != _ABSENT

    def __len__(self) -> int:
        """Return one more than the highest number."""
        return len(self._parent)

    def parent(self, number: int) -> int:
        """Return the primary parent, or -1 for a root."""
        return max(_NONE, self._parent[number])

    def parents(self, number: int) -> tuple[int, ...]:
        """Return all parents, the primary one first."""
        primary = self.parent(number)
        return () if primary == _NONE else (primary, *self._others.get(number, ()))

    def children(self, number: int) -> Iterator[int]:
        """Walk over the trials whose primary parent it is, in the order they came; over the roots for -1."""
        if number == _NONE:
            yield from self._roots
            return
        child = self._first_child[number]
        while child != _NONE:
            yield child
            child = self._next_sibling[child]

    def ancestors(self, number: int) -> Iterator[int]:
        """Walk from its primary parent up to the root."""
        number = self.parent(number)
        while number != _NONE:
            yield number
            number = self.parent(number)

    def depth(self, number: int) -> int:
        """Return how many ancestors it has along primary parents; 0 for a root."""
        return self._depth[number]

    def aggregate(
        self,
        name: str,
        zero: tuple[float, ...] = (0.0, 0.0),
        combine: Callable[[float, float], float] = operator.add,
    ) -> Aggregate:
        """Return the aggregate of that name; it is made when it is first asked for.

        Args:
            name: such as "successes and failures".
            zero: the value of a trial with no outcome; its length is the number of values per outcome.
            combine: joins two numbers; the default sums them.
        """
        return self._aggregates.setdefault(name, Aggregate(self, zero, combine))
