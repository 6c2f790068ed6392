"""Problems of blocksworld: from one random set of towers to another."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .writing import Atom, Draft, names

__all__ = ["draft"]


def draft(size: int, rng: np.random.Generator) -> Draft:
    """Return a problem with `size` blocks, at least 2.

    Every set of towers can be reached from every other, so it has a solution.
    """
    blocks = names("b", size)
    start = _towers(blocks, rng)
    goal = _towers(blocks, rng)
    while not _pairs(goal) or set(_pairs(goal)) <= set(_pairs(start)):
        goal = _towers(blocks, rng)
    init: list[Atom] = [("hand-empty",), *_pairs(start)]
    init += [("on-table", tower[0]) for tower in start] + [("clear", tower[-1]) for tower in start]
    return Draft({"block": blocks}, init, _pairs(goal))


def _towers(blocks: list[str], rng: np.random.Generator) -> list[list[str]]:
    """Put the blocks down one by one, each on the table or on one of the towers with equal chances."""
    towers: list[list[str]] = []
    for index in rng.permutation(len(blocks)):
        place = int(rng.integers(len(towers) + 1))
        if place == len(towers):
            towers.append([])
        towers[place].append(blocks[index])
    return towers


def _pairs(towers: list[list[str]]) -> list[Atom]:
    return [("on", upper, lower) for tower in towers for lower, upper in pairwise(tower)]
