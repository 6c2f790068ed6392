"""The core is rich enough when a published system fits on two pages."""

from __future__ import annotations

from pathlib import Path

import pytest

import evolve_plugins.strategies

LINES = 150


@pytest.mark.parametrize("name", ["adas", "dgm", "hgm", "poet", "uct"])
def test_a_system_takes_at_most_150_lines(name: str) -> None:
    source = Path(next(iter(evolve_plugins.strategies.__path__))) / f"{name}.py"
    assert len(source.read_text(encoding="utf-8").splitlines()) <= LINES
