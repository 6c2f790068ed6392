"""A step on an archive takes as many calls late in a run as early; `benchmarks/archive_scale.py` times it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from evolve import Archive, Selector
from evolve.testing import make_trial
from evolve_plugins.archives.aging import Aging
from evolve_plugins.archives.cells import Span
from evolve_plugins.archives.cvt_map_elites import CvtMapElites
from evolve_plugins.archives.islands import Islands
from evolve_plugins.archives.map_elites import Axis, MapElites
from evolve_plugins.archives.reservoir import Reservoir
from evolve_plugins.archives.top_k import TopK
from evolve_plugins.selectors.tournament import Tournament

EARLY, LATE, WINDOW = 2_000, 20_000, 200

ARCHIVES: dict[str, Callable[[], Archive]] = {
    "top_k": TopK,
    "map_elites": lambda: MapElites(axes=(Axis("width", 0, 1, 10), Axis("height", 0, 1, 10))),
    "cvt_map_elites": lambda: CvtMapElites(axes=(Span("width", 0, 1), Span("height", 0, 1)), cells=100, samples=1000),
    "aging": Aging,
    "islands": Islands,
    "random": Reservoir,
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_step_takes_as_many_calls_after_twenty_thousand_adds_as_after_two_thousand(name: str) -> None:
    archive, selector, rng = ARCHIVES[name](), Tournament(), np.random.default_rng(1)
    calls = {}
    for number in range(LATE + WINDOW):
        if number in (EARLY, LATE):
            calls[number] = 0
        where = max(calls, default=-1)
        counted = where >= 0 and number < where + WINDOW
        trial = make_trial(
            number,
            float(rng.random()),
            measures={"width": float(rng.random()), "height": float(rng.random())},
            notes={"niche": archive.niche(rng).name} if name == "islands" else {},
        )
        if counted:
            calls[where] += _calls(lambda trial=trial: _step(archive, selector, trial, rng))
        else:
            archive.add(trial, rng)
    assert calls[LATE] <= 1.1 * calls[EARLY]


def _step(archive: Archive, selector: Selector, trial: Any, rng: np.random.Generator) -> None:
    archive.add(trial, rng)
    selector.select(archive.niche(rng).members, rng)


def _calls(work: Callable[[], None]) -> int:
    """Count the calls, of Python and of C, that some work makes."""
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
