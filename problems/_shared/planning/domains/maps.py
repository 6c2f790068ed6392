"""Random maps: connected road networks and connected pieces of a grid."""

from __future__ import annotations

import numpy as np

__all__ = ["Square", "grid", "neighbours", "roads"]

Square = tuple[int, int]
"""Row and column."""

STEPS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
"""The four directions of a grid."""


def roads(count: int, extra: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return a connected road network between random points of the unit square.

    Args:
        count: how many places there are.
        extra: how many of the shortest roads are built beyond those that connect everything.
        rng: the source of the points.

    Returns:
        Pairs of places, the smaller number first, each once.
    """
    points = rng.random((count, 2))
    lengths = sorted(
        (float(((points[a] - points[b]) ** 2).sum()), a, b) for a in range(count) for b in range(a + 1, count)
    )
    group = list(range(count))
    built, spare = [], []
    for _, a, b in lengths:
        if group[a] != group[b]:
            old, new = group[b], group[a]
            group = [new if one == old else one for one in group]
            built.append((a, b))
        else:
            spare.append((a, b))
    return sorted(built + spare[:extra])


def neighbours(square: Square, squares: set[Square]) -> list[tuple[str, Square]]:
    """Return the directions that lead from a square to others of a set, and those others."""
    around = ((way, (square[0] + down, square[1] + right)) for way, (down, right) in STEPS.items())
    return [(way, other) for way, other in around if other in squares]


def grid(height: int, width: int, holes: int, rng: np.random.Generator) -> list[Square]:
    """Return the squares of a grid from which some were removed, so that all that are left hang together.

    Args:
        height: rows.
        width: columns.
        holes: how many squares are removed, if that many can be.
        rng: the source of the holes.
    """
    squares = {(row, column) for row in range(height) for column in range(width)}
    order = sorted(squares)
    for index in rng.permutation(len(order)):
        if len(squares) == height * width - holes:
            break
        squares.discard(order[index])
        if not _connected(squares):
            squares.add(order[index])
    return sorted(squares)


def _connected(squares: set[Square]) -> bool:
    start = min(squares)
    seen = {start}
    queue = [start]
    while queue:
        for _, other in neighbours(queue.pop(), squares):
            if other not in seen:
                seen.add(other)
                queue.append(other)
    return seen == squares
