"""The building blocks of circle packing: pure, robust, and as good as the textbook says."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from evolve_problems._shared import packing
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from evolve.primitives import Fuel, FuelExhausted, describe, meter

FOLDER = Path(__file__).resolve().parents[2] / "problems" / "circle_packing"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("circle_packing_primitives", FOLDER / "primitives.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


blocks: Any = load()


def total(circles: Any) -> float:
    fitted, _ = packing.repair(packing.read_circles(circles, len(circles)))
    return sum(r for *_, r in fitted)


def best_first_order_gain(circles: np.ndarray, move: bool) -> float:
    """Return what a linear program over all constraints, linearised at a packing, still finds to gain."""
    n = len(circles)
    rows, free = [], []
    for i, (x, y, r) in enumerate(circles):
        for axis, sign, gap in ((0, -1, x - r), (0, 1, 1 - x - r), (1, -1, y - r), (1, 1, 1 - y - r), (0, 0, r)):
            row = np.zeros((3, n))
            row[axis, i], row[2, i] = sign * move, 1 if sign else -1
            rows.append(row.ravel())
            free.append(gap)
        for j in range(i):
            away = (circles[i, :2] - circles[j, :2]) / np.linalg.norm(circles[i, :2] - circles[j, :2])
            row = np.zeros((3, n))
            row[:2, i], row[:2, j], row[2, [i, j]] = -away * move, away * move, 1
            rows.append(row.ravel())
            free.append(np.linalg.norm(circles[i, :2] - circles[j, :2]) - r - circles[j, 2])
    gain = np.concatenate([np.zeros(2 * n), -np.ones(n)])
    bounds = [(-0.1, 0.1)] * (2 * n) + [(None, None)] * n
    return float(-linprog(gain, np.array(rows), free, bounds=bounds, method="highs").fun)


def test_there_are_at_most_eleven_blocks_and_all_are_typed() -> None:
    described = [describe(value) for value in vars(blocks).values() if hasattr(value, "__primitive_cost__")]
    assert len(described) <= 11
    assert {block.returns for block in described} == {"Points", "Circles"}
    for parameter in (parameter for block in described for parameter in block.parameters):
        assert parameter.type in {"Points", "Circles", "seed", "int", "float"}
        assert parameter.name == "n" or parameter.type not in {"int", "float"} or np.isfinite(parameter.high)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 26, 32])
@pytest.mark.parametrize("seed", [0, 1])
def test_polish_ends_where_no_first_order_change_gains_anything(n: int, seed: int) -> None:
    circles = blocks.polish(blocks.scatter(n, seed))
    assert best_first_order_gain(circles, move=True) < 1e-8


@pytest.mark.parametrize("n", [1, 2, 7, 26])
def test_radii_by_interior_point_are_those_of_the_linear_program(n: int) -> None:
    circles = blocks.lp_radii(blocks.scatter(n, 5))
    assert best_first_order_gain(circles, move=False) < 1e-8


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 12).flatmap(
        lambda n: arrays(float, (n, 2), elements=st.sampled_from([0.0, 0.5, 1.0, 0.25, -3.0, np.nan, np.inf, 1e-300]))
    )
)
def test_any_points_at_all_become_circles_that_fit(points: np.ndarray) -> None:
    for block in (blocks.polish, blocks.lp_radii, blocks.equal_radii):
        assert total(block(points)) >= 0.0


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 30), st.integers(0, 10**6))
def test_moving_circles_is_never_worse_than_fixed_centres(n: int, seed: int) -> None:
    points = blocks.scatter(n, seed)
    free, fixed, equal = (total(block(points)) for block in (blocks.polish, blocks.lp_radii, blocks.equal_radii))
    assert free >= fixed - 1e-9
    assert fixed >= equal - 1e-9


@given(st.integers(1, 60), st.integers(-5, 80), st.floats(-1.0, 2.0))
def test_rows_hold_as_many_points_as_asked_for(n: int, rows: int, stagger: float) -> None:
    points = blocks.grid_rows(n, rows, stagger)
    assert points.shape == (n, 2)
    assert ((points > 0.0) & (points < 1.0)).all()
    assert len({tuple(point) for point in points}) == n


def test_moves_depend_on_their_seed_alone_and_not_on_each_other() -> None:
    circles = blocks.polish(blocks.scatter(9, 1))
    for move in (
        lambda seed: blocks.jitter(circles, 0.1, seed),
        lambda seed: blocks.shake(circles, 3, 0.1, seed),
        lambda seed: blocks.relocate(circles, seed),
        lambda seed: blocks.scatter(9, seed),
    ):
        assert (move(4) == move(4)).all()
        assert (move(4) != move(5)).any()
    assert (blocks.shake(circles, 3, 0.1, 4) != circles[:, :2]).any(axis=1).sum() == 3
    assert (blocks.relocate(circles, 4) != circles[:, :2]).any(axis=1).sum() == 1
    assert blocks.scatter(9, -1).shape == (9, 2)


def test_better_takes_the_larger_sum_and_never_what_does_not_fit() -> None:
    small, large, overlapping = [[0.5, 0.5, 0.1]], [[0.5, 0.5, 0.4]], [[0.5, 0.5, 0.6]]
    assert blocks.better(small, large)[0, 2] == 0.4
    assert blocks.better(large, small)[0, 2] == 0.4
    assert blocks.better(small, overlapping)[0, 2] == 0.1
    assert blocks.better([[0.5, 0.5, np.nan]], small)[0, 2] == 0.1


def test_answers_are_read_only_so_that_a_remembered_value_stays_what_it_was() -> None:
    for answer in (blocks.scatter(4, 0), blocks.polish(blocks.scatter(4, 0))):
        with pytest.raises(ValueError, match="read-only"):
            answer[0, 0] = 0.0


def test_a_program_out_of_fuel_leaves_its_best_packing_at_the_meter() -> None:
    meter.__init__(3.0)  # type: ignore[misc]
    try:
        with pytest.raises(FuelExhausted):
            [blocks.polish(blocks.scatter(5, seed)) for seed in range(10**6, 10**6 + 9)]
        shown = [total(blocks.polish.__wrapped__(blocks.scatter.__wrapped__(5, 10**6 + i))) for i in range(2)]
        assert meter.best_score == pytest.approx(max(shown))
        assert total(meter.best) == pytest.approx(max(shown))
    finally:
        meter.__init__(Fuel().units)  # type: ignore[misc]


def test_a_schedule_of_hops_climbs_far_above_one_polish() -> None:
    circles = blocks.polish(blocks.scatter(26, 0))
    first = total(circles)
    for hop in range(150):
        circles = blocks.better(circles, blocks.polish(blocks.relocate(circles, hop)))
    assert total(circles) > max(first, 2.615)


@pytest.mark.parametrize("method", ["multistart", "hopping", "cmaes"])
def test_a_baseline_prints_certified_improvements(method: str) -> None:
    command = [
        sys.executable,
        FOLDER / "baseline.py",
        "--method",
        method,
        "--n",
        "2",
        "--seconds",
        "9",
        "--target",
        "0.58",
    ]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    values = [float(line.split()[2]) for line in printed.splitlines()]
    assert values == sorted(values)
    assert 0.58 <= values[-1] <= 2 - math.sqrt(2)
