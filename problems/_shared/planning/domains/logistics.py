"""Problems of logistics: packages that go to other places, often in other cities."""

from __future__ import annotations

import numpy as np

from .writing import Atom, Draft, names

__all__ = ["draft"]


def draft(size: int, rng: np.random.Generator) -> Draft:
    """Return a problem with `size` packages, at least 1; cities, their places and aeroplanes grow with it.

    Each city has a truck that reaches all its places, and an airport, so it has a solution.
    """
    cities = names("city", 2 + size // 4)
    packages, planes = names("package", size), names("plane", 1 + size // 8)
    per_city = 2 + size // 8
    init: list[Atom] = []
    airports, others, trucks = [], [], []
    for city in cities:
        places = [f"{city}-airport", *(f"{city}-place{number}" for number in range(1, per_city))]
        airports.append(places[0])
        others += places[1:]
        trucks.append(f"{city}-truck")
        init += [("in-city", place, city) for place in places]
        init.append(("at", trucks[-1], places[rng.integers(per_city)]))
    init += [("at", plane, airports[rng.integers(len(airports))]) for plane in planes]
    places = sorted(airports + others)
    goal: list[Atom] = []
    for package in packages:
        start, end = rng.permutation(len(places))[:2]
        init.append(("at", package, places[start]))
        goal.append(("at", package, places[end]))
    kinds = {
        "city": cities,
        "airport": airports,
        "place": others,
        "package": packages,
        "truck": trucks,
        "plane": planes,
    }
    return Draft(kinds, init, goal)
