"""The check of functional hashing: what a search repeats in other words is recognised, and nothing is merged wrongly.

The space is that of `benchmarks/functional_hashing.py`, which prints the table of the full size.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"evolve_test_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def search() -> Callable[..., dict[str, float]]:
    """Return the search of the benchmark."""
    found: Callable[..., dict[str, float]] = loaded(BENCHMARKS / "functional_hashing.py").search
    return found


@pytest.mark.parametrize("seed", [0, 1])
def test_regularised_evolution_repeats_itself_fifteen_times_as_often_by_behaviour_as_by_text(
    search: Any, tmp_path: Path, seed: int
) -> None:
    found = search((), 1200, seed, tmp_path / "run")
    assert found["hit"] >= 0.45
    assert found["hit"] >= 15 * max(found["text"], 1 / 1200)
    assert found["neutral"] > 0.2 > found["textually neutral"]
    assert found["audited"] >= 20
    assert found["false"] == 0


def test_remutate_makes_no_trial_of_what_does_the_same_as_its_parent(search: Any, tmp_path: Path) -> None:
    found = search(("class_keys.policy=remutate", "class_keys.tries=1000"), 400, 0, tmp_path / "run")
    assert found["neutral"] <= 1 / 400  # what does the same as its parent never becomes a trial
    assert found["hit"] > found["text"]


def test_a_probe_of_few_points_is_found_out_by_the_audit(search: Any, tmp_path: Path) -> None:
    coarse = ("class_keys.digits=1", "class_keys.audit=0.3")
    found = search(coarse, 400, 0, tmp_path / "run")
    assert found["false"] > 0
