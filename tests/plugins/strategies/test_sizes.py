"""The core is rich enough when a published system fits on two pages."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

LINES = 150

SYSTEMS = {
    **{name: [f"evolve_plugins.strategies.{name}"] for name in ("adas", "dgm", "hgm", "poet", "uct")},
    "map_elites": ["evolve_plugins.archives.map_elites", "evolve_plugins.archives.cells"],
    "cvt_map_elites": ["evolve_plugins.archives.cvt_map_elites", "evolve_plugins.archives.cells"],
    "functional hashing": ["evolve.classes", "evolve.reuse", "evolve.audit"],
}
"""The modules that make up a system, without those that several systems share."""


def lines(module: str) -> int:
    """Return how many lines a module has, comments and docstrings included."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return len(Path(spec.origin).read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_file_of_a_system_has_more_than_150_lines(name: str) -> None:
    assert {module: lines(module) for module in SYSTEMS[name] if lines(module) > LINES} == {}


def test_a_grid_of_elites_takes_no_more_than_that_with_all_its_files() -> None:
    assert sum(map(lines, SYSTEMS["map_elites"])) <= LINES
