"""Problems of gripper: balls that are in a wrong room."""

from __future__ import annotations

import numpy as np

from .writing import Atom, Draft, names

__all__ = ["draft"]


def draft(size: int, rng: np.random.Generator) -> Draft:
    """Return a problem with `size` balls, at least 1, a robot with two grippers, and a few rooms.

    The robot can go from every room to every other, so it has a solution.
    """
    balls, rooms, grippers = names("ball", size), names("room", 2 + size // 15), ["left", "right"]
    init: list[Atom] = [("robot-in", rooms[rng.integers(len(rooms))]), *(("empty", gripper) for gripper in grippers)]
    goal: list[Atom] = []
    for ball in balls:
        start, end = rng.permutation(len(rooms))[:2]
        init.append(("ball-in", ball, rooms[start]))
        goal.append(("ball-in", ball, rooms[end]))
    return Draft({"ball": balls, "room": rooms, "gripper": grippers}, init, goal)
