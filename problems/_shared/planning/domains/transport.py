"""Problems of transport: packages, vehicles with little room, and a map of roads."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .maps import roads
from .writing import Atom, Draft, names

__all__ = ["draft"]


def draft(size: int, rng: np.random.Generator) -> Draft:
    """Return a problem with `size` packages, at least 1; vehicles and places grow with it.

    The roads connect all places, and every vehicle has room for a package, so it has a solution.
    """
    packages, vehicles, places = names("package", size), names("vehicle", 2 + size // 8), names("place", size + 3)
    amounts = [f"n{number}" for number in range(3)]
    init: list[Atom] = [("one-less", fewer, more) for fewer, more in pairwise(amounts)]
    for a, b in roads(len(places), len(places) // 2, rng):
        init += [("road", places[a], places[b]), ("road", places[b], places[a])]
    for vehicle in vehicles:
        init.append(("at", vehicle, places[rng.integers(len(places))]))
        init.append(("room-for", vehicle, amounts[rng.integers(1, len(amounts))]))
    goal: list[Atom] = []
    for package in packages:
        start, end = rng.permutation(len(places))[:2]
        init.append(("at", package, places[start]))
        goal.append(("at", package, places[end]))
    return Draft({"package": packages, "vehicle": vehicles, "place": places, "amount": amounts}, init, goal)
