"""Problems of rovers: samples and pictures from places that not every rover reaches in the same way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .maps import roads
from .writing import Atom, Draft, names

__all__ = ["draft"]


def draft(size: int, rng: np.random.Generator) -> Draft:
    """Return a problem with about `size` things to report, at least 1; rovers and places grow with it.

    Each rover reaches all places on roads of its own, each skill is had by some rover, and the lander and every target
    are seen from somewhere, so it has a solution.
    """
    rovers, places = names("rover", 1 + size // 4), names("place", size + 3)
    stores, cameras = names("store", len(rovers)), names("camera", len(rovers))
    targets = names("target", 1 + size // 3)
    init: list[Atom] = [("lander-at", "lander1", places[rng.integers(len(places))])]
    for number, rover in enumerate(rovers):
        init += [("at", rover, places[rng.integers(len(places))]), ("store-of", stores[number], rover)]
        init += [("store-empty", stores[number]), ("carries", rover, cameras[number])]
        init.append(("calibration-target", cameras[number], targets[rng.integers(len(targets))]))
        for a, b in roads(len(places), 2, rng):
            init += [("can-drive", rover, places[a], places[b]), ("can-drive", rover, places[b], places[a])]
    for skill in ("can-sample-soil", "can-sample-rock"):
        able = rng.random(len(rovers)) < 0.5
        able[rng.integers(len(rovers))] = True
        init += [(skill, rover) for rover, can in zip(rovers, able, strict=True) if can]
    init += _sights(places, init[0][2], rng)
    init += [("seen-from", target, places[index]) for target in targets for index in _some(len(places), 2, rng)]
    goal: list[Atom] = [("picture-reported", target) for target in targets]
    for kind in ("soil", "rock"):
        wanted = [places[index] for index in _some(len(places), 1 + size // 3, rng)]
        init += [(f"{kind}-at", place) for place in wanted]
        goal += [(f"{kind}-reported", place) for place in wanted]
    kinds = {
        "rover": rovers,
        "store": stores,
        "camera": cameras,
        "place": places,
        "target": targets,
        "lander": ["lander1"],
    }
    return Draft(kinds, init, goal)


def _sights(places: Sequence[str], lander: str, rng: np.random.Generator) -> list[Atom]:
    """From where the lander is seen: from a fifth of the places and from its own."""
    seen = {lander, *(places[index] for index in _some(len(places), len(places) // 5, rng))}
    return [("in-sight", place, lander) for place in sorted(seen)]


def _some(count: int, wanted: int, rng: np.random.Generator) -> list[int]:
    chosen: list[int] = rng.permutation(count)[: min(wanted, count)].tolist()
    return chosen
