"""A short run among enemies; `benchmarks/hostile_soak.py` does it with two thousand candidates and a clock."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

SOAK = Path(__file__).resolve().parents[2] / "benchmarks" / "hostile_soak.py"


@pytest.fixture(scope="module")
def soak() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("hostile_soak", SOAK)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["hostile_soak"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.adopt_orphans()
    yield module
    module.adopt_orphans(False)


@pytest.fixture
def problem(soak: ModuleType, tmp_path: Path) -> Path:
    soak.make_problem(tmp_path / "problem", 0.3)
    return tmp_path / "problem"


def test_a_run_among_enemies_ends_with_nothing_left_and_no_growth(
    soak: ModuleType, problem: Path, tmp_path: Path
) -> None:
    report = soak.soak(problem, 60, 2, tmp_path / "run")
    assert report["orphans"] == 0
    assert report["growth_mb"] <= 20
    assert report["ends"]["loop: timeout"] == 12
    assert report["ends"]["honest: ok"] >= 40
    assert not any("infrastructure" in end for end in report["ends"])


def test_nothing_outlives_an_engine_that_is_killed(soak: ModuleType, problem: Path, tmp_path: Path) -> None:
    assert soak.kill_in_the_middle(problem, 2, tmp_path / "run", patience_s=30.0) < 30.0
