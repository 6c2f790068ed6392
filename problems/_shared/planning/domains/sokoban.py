"""Problems of sokoban, made backwards: boxes are pulled away from the squares where they belong."""

from __future__ import annotations

import numpy as np

from .maps import STEPS, Square, grid, neighbours
from .writing import Atom, Draft, names

__all__ = ["draft"]


def draft(size: int, rng: np.random.Generator) -> Draft:
    """Return a problem on a grid of `size + 3` squares a side, with `2 + size // 2` boxes.

    Boxes start two fifths of a side or more, on average, from where they belong. Every pull can be undone by a push,
    so it has a solution.
    """
    side, count = size + 3, 2 + size // 2
    while True:
        squares = grid(side, side, side * side // 6, rng)
        goals = [squares[index] for index in rng.permutation(len(squares))[:count]]
        boxes, player = _pulled(goals, set(squares), 4 * side * count, rng)
        if sum(abs(a - c) + abs(b - d) for (a, b), (c, d) in zip(boxes, goals, strict=True)) >= 0.4 * side * count:
            return _written(squares, goals, boxes, player)


def _pulled(
    goals: list[Square], squares: set[Square], pulls: int, rng: np.random.Generator
) -> tuple[list[Square], Square]:
    """Return where boxes and player are after random pulls and walks that begin with every box on its goal square."""
    around = {square: dict(neighbours(square, squares)) for square in squares}
    boxes = list(goals)
    room = sorted(squares - set(boxes))
    player = room[rng.integers(len(room))]
    for _ in range(pulls):
        reach = _walkable(player, set(boxes), around)
        options = []
        for number, box in enumerate(boxes):
            for way, spot in around[box].items():
                back = around[spot].get(way)
                if spot in reach and back in reach:
                    options.append((number, spot, back))
        if not options:
            break
        number, spot, back = options[rng.integers(len(options))]
        boxes[number], player = spot, back
    return boxes, player


def _walkable(start: Square, boxes: set[Square], around: dict[Square, dict[str, Square]]) -> set[Square]:
    seen = {start}
    queue = [start]
    while queue:
        for other in around[queue.pop()].values():
            if other not in seen and other not in boxes:
                seen.add(other)
                queue.append(other)
    return seen


def _written(squares: list[Square], goals: list[Square], boxes: list[Square], player: Square) -> Draft:
    label = {square: f"s{square[0] + 1}-{square[1] + 1}" for square in squares}
    init: list[Atom] = [("player-at", label[player])]
    for square in squares:
        init += [("next", label[square], label[other], way) for way, other in neighbours(square, set(squares))]
    init += [("free", label[square]) for square in squares if square != player and square not in boxes]
    kinds = {"square": list(label.values()), "direction": list(STEPS), "box": names("box", len(boxes))}
    init += [("box-at", box, label[square]) for box, square in zip(kinds["box"], boxes, strict=True)]
    goal: list[Atom] = [("box-at", box, label[square]) for box, square in zip(kinds["box"], goals, strict=True)]
    return Draft(kinds, init, goal)
