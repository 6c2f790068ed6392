"""Online bin packing: sequences of item sizes, rules as tables, and a fast simulator.

A rule is a function of an item's size and of the room in one bin. So all it can ever decide is a table of preferences:
for each size, which room it likes best. To pack is to look up in that table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from evolve import strict

__all__ = [
    "SOURCES",
    "Array",
    "Source",
    "best_fit",
    "excess",
    "first_fit",
    "pairs",
    "rank",
    "sequences",
    "waste",
    "worst_fit",
]

Array = np.ndarray[Any, np.dtype[Any]]
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Source:
    """Where sequences of item sizes come from.

    Args:
        capacity: of a bin.
        smallest: item size.
        largest: item size.
        draw: returns sizes, given a random generator and how many.
    """

    capacity: int
    smallest: int
    largest: int
    draw: Callable[[Random, int], Array]


def _weibull(rng: Random, count: int) -> Array:
    return np.clip(np.round(45.0 * rng.weibull(3.0, count)), 1, 100).astype(int)


def _uniform(rng: Random, count: int) -> Array:
    return rng.integers(20, 101, count)


SOURCES = {"weibull": Source(100, 1, 100, _weibull), "uniform": Source(150, 20, 100, _uniform)}
"""The two that the literature compares on: Weibull (3, 45) sizes, and the uniform ones of the OR-Library."""


@cache
def sequences(sizes: str, items: int, seeds: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Return sequences of item sizes, one per seed."""
    draw = SOURCES[sizes].draw
    return tuple(tuple(draw(np.random.default_rng([seed, items]), items).tolist()) for seed in seeds)


@cache
def pairs(sizes: str) -> tuple[Array, Array, Array]:
    """Return all pairs that can occur: item sizes, rooms, and where they stand in the table, each read-only.

    Row i of the table is for items of size i above the smallest, column r for bins with room r.
    """
    source = SOURCES[sizes]
    item, room = np.mgrid[source.smallest : source.largest + 1, 0 : source.capacity + 1]
    stands = (room >= item) & ((room <= source.capacity - source.smallest) | (room == source.capacity))
    found = item[stands].astype(float), room[stands].astype(float), stands
    for array in found:
        array.setflags(write=False)
    return found


def rank(answer: Any, sizes: str) -> Array:
    """Return the table of a rule's preferences: 0 where an item of the row likes best to go, and so on.

    Of equal priorities the smaller room comes first. What comes after an empty bin is never chosen, and has the rank
    after it: so tables differ only where rules do.

    Args:
        answer: one finite number per pair, or one for all.
        sizes: where the item sizes come from.

    Raises:
        strict.Refused: it is anything else.
    """
    items, _, stands = pairs(sizes)
    priorities = np.full(stands.shape, -np.inf)
    priorities[stands] = _numbers(answer, len(items))
    order = np.argsort(-priorities, axis=1, kind="stable")
    table = np.empty_like(order)
    np.put_along_axis(table, order, np.arange(order.shape[1])[None, :], axis=1)
    return np.minimum(table, table[:, -1:] + 1).astype(np.uint8)


def _numbers(answer: Any, count: int) -> Array:
    """Return an answer as finite floats, one per pair."""
    if isinstance(answer, np.ndarray) and answer.ndim:
        if answer.shape != (count,) or answer.dtype.kind not in "iuf":
            raise strict.Refused(f"priority returned an array {answer.shape} of {answer.dtype}; return {count} numbers")
        if not np.isfinite(answer).all():
            raise strict.Refused("a priority is NaN or infinite")
        return answer.astype(float)
    if isinstance(answer, list):
        return np.array(strict.numbers(answer, shape=(count,), name="priority"))
    return np.full(count, strict.number(answer, "priority"))


def _pack(sequence: Sequence[int], rooms: Sequence[Sequence[int]], capacity: int) -> list[int]:
    """Pack items as they come; return how many bins are left with each room.

    Args:
        sequence: sizes of the items.
        rooms: for each size the rooms of open bins in the order to try them, before a new bin is opened.
        capacity: of a bin.
    """
    bins = [0] * (capacity + 1)
    for item in sequence:
        for room in rooms[item]:
            if bins[room]:
                bins[room] -= 1
                bins[room - item] += 1
                break
        else:
            bins[capacity - item] += 1
    return bins


def first_fit(sequence: Sequence[int], capacity: int) -> int:
    """Return how many bins are used when each item goes into the bin that was opened first among those with room."""
    rooms = np.full(len(sequence), capacity)
    for item in sequence:
        rooms[np.argmax(rooms >= item)] -= item
    return int(np.count_nonzero(rooms < capacity))


def waste(bins: Sequence[int], sequences: Sequence[Sequence[int]], capacity: int) -> float:
    """Return the mean excess over the L1 bound, total size over capacity, in percent; the nearest float."""
    least = [-(-sum(sequence) // capacity) for sequence in sequences]
    over = [Fraction(100 * (used - few), few) for used, few in zip(bins, least, strict=True)]
    return float(sum(over) / len(over))


def excess(table: Array, sizes: str, items: int, seeds: Sequence[int]) -> tuple[float, Array]:
    """Return the mean excess over the L1 bound, in percent, and the share of bins that are left with each room."""
    source, given = SOURCES[sizes], sequences(sizes, items, tuple(seeds))
    order = np.argsort(table, axis=1, kind="stable").tolist()
    rooms = [[]] * source.smallest + [row[: row.index(source.capacity)] for row in order]
    packed = [_pack(sequence, rooms, source.capacity) for sequence in given]
    left = np.sum(packed, axis=0)
    return waste([sum(bins) for bins in packed], given, source.capacity), left / left.sum()


def best_fit(sizes: str) -> Array:
    """Return the table of best fit: the fullest bin first."""
    items, rooms, _ = pairs(sizes)
    return rank(items - rooms, sizes)


def worst_fit(sizes: str) -> Array:
    """Return the table of worst fit: the emptiest bin first, and a new one last."""
    _, rooms, _ = pairs(sizes)
    return rank(np.where(rooms == SOURCES[sizes].capacity, -1.0, rooms), sizes)
