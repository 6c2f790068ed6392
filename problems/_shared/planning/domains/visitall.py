"""Problems of visitall: a walk over a grid with holes."""

from __future__ import annotations

import numpy as np

from .maps import grid, neighbours
from .writing import Atom, Draft

__all__ = ["draft"]


def draft(size: int, rng: np.random.Generator) -> Draft:
    """Return a problem on a grid of `size` squares a side, at least 2; half of its squares are to be visited.

    The squares hang together, so it has a solution.
    """
    squares = grid(size, size, size * size // 6, rng)
    label = {square: f"s{square[0] + 1}-{square[1] + 1}" for square in squares}
    start = label[squares[rng.integers(len(squares))]]
    init: list[Atom] = [("at", start), ("visited", start)]
    init += [("next", label[one], label[other]) for one in squares for _, other in neighbours(one, set(squares))]
    wanted = rng.permutation(len(squares))[: -(-len(squares) // 2)]
    return Draft({"square": list(label.values())}, init, [("visited", label[squares[index]]) for index in wanted])
