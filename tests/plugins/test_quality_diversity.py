"""MAP-Elites and CVT-MAP-Elites against pyribs, on the sphere with a linear projection."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from evolve import Archive, Outcome, Program, Trial
from evolve.trial import Scored, TrialStatus
from evolve_plugins.archives.cells import Span
from evolve_plugins.archives.cvt_map_elites import CvtMapElites, centroids
from evolve_plugins.archives.map_elites import Axis, MapElites
from evolve_plugins.selectors.uniform import Uniform

ribs_archives = pytest.importorskip("ribs.archives")
ribs_emitters = pytest.importorskip("ribs.emitters")

DIMENSIONS, SIDE, BATCH, ROUNDS, SIGMA = 10, 20, 36, 200, 0.5
BOUND, SHIFT = 5.12, 5.12 * 0.4
REACH = BOUND * DIMENSIONS / 2
NAMES = ("first", "second")
RANGES = [(-REACH, REACH)] * 2
PROGRAM = Program({"program.py": "def solve():\n    return 1\n"})

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Batch:
    """Some evaluated vectors: of shape (n, dimensions), (n,) and (n, 2)."""

    vectors: Array
    fitness: Array
    measures: Array


def evaluate(vectors: Array) -> Batch:
    """The sphere, as a share of 100, and the sums of both halves of the vector; numbers beyond the bound count less."""
    worst = DIMENSIONS * (BOUND + SHIFT) ** 2
    fitness = 100 * (1 - ((vectors - SHIFT) ** 2).sum(axis=1) / worst)
    inside = np.where(np.abs(vectors) <= BOUND, vectors, BOUND / np.where(vectors == 0, 1, vectors))
    half = DIMENSIONS // 2
    return Batch(vectors, fitness, np.stack([inside[:, :half].sum(axis=1), inside[:, half:].sum(axis=1)], axis=1))


def trials_of(batch: Batch, start: int) -> list[Trial]:
    made = []
    for i, (fitness, measures) in enumerate(zip(batch.fitness.tolist(), batch.measures.tolist(), strict=True)):
        outcome = Outcome.ok(fitness, measures=dict(zip(NAMES, measures, strict=True)))
        scored = (Scored("only", "full", outcome),)
        made.append(Trial(start + i, PROGRAM, status=TrialStatus.OK, outcomes=scored, score=fitness, fitness=fitness))
    return made


def grid() -> MapElites:
    return MapElites(axes=tuple(Axis(name, -REACH, REACH, SIDE) for name in NAMES))


def tessellation() -> CvtMapElites:
    return CvtMapElites(axes=tuple(Span(name, -REACH, REACH) for name in NAMES), cells=SIDE * SIDE)


def ribs_grid(seed: int) -> Any:
    return ribs_archives.GridArchive(solution_dim=DIMENSIONS, dims=(SIDE, SIDE), ranges=RANGES, seed=seed)


def ribs_tessellation(seed: int) -> Any:
    return ribs_archives.CVTArchive(solution_dim=DIMENSIONS, centroids=places(), ranges=RANGES, seed=seed)


@functools.cache
def places() -> Array:
    return (2 * centroids(SIDE * SIDE, 2) - 1) * REACH


def illuminate(archive: Archive, seed: int) -> list[Batch]:
    """Breed from uniformly drawn elites by Gaussian steps, with our archive and selector; return what was evaluated."""
    rng, selector = np.random.default_rng(seed), Uniform(parents=1)
    seen: list[Batch] = []
    for place in range(0, ROUNDS * BATCH, BATCH):
        members = archive.niche(rng).members
        numbers = [selector.select(members, rng).parents[0].number for _ in range(BATCH if members else 0)]
        parents = np.array([seen[n // BATCH].vectors[n % BATCH] for n in numbers]).reshape(-1, DIMENSIONS)
        start = parents if len(parents) else np.zeros((BATCH, DIMENSIONS))
        seen.append(evaluate(start + rng.normal(scale=SIGMA, size=start.shape)))
        for trial in trials_of(seen[-1], place):
            archive.add(trial, rng)
    return seen


def illuminate_with_ribs(archive: Any, seed: int) -> None:
    emitter = ribs_emitters.GaussianEmitter(archive, sigma=SIGMA, x0=np.zeros(DIMENSIONS), batch_size=BATCH, seed=seed)
    for _ in range(ROUNDS):
        batch = evaluate(emitter.ask())
        archive.add(batch.vectors, batch.fitness, batch.measures)


def quality(archive: Archive) -> tuple[float, float]:
    """QD score and coverage."""
    fitness = [trial.fitness or 0.0 for trial in archive]
    return sum(fitness), len(fitness) / SIDE**2


PAIRS = pytest.mark.parametrize(
    ("ours", "theirs"), [(grid, ribs_grid), (tessellation, ribs_tessellation)], ids=["grid", "tessellation"]
)


@pytest.mark.parametrize(
    ("ours", "theirs", "seeds"),
    [(grid, ribs_grid, 8), (tessellation, ribs_tessellation, 4)],
    ids=["grid", "tessellation"],
)
def test_a_search_illuminates_as_much_as_one_with_pyribs(
    ours: Callable[[], Archive], theirs: Callable[[int], Any], seeds: int
) -> None:
    mine, reference = [], []
    for seed in range(seeds):
        archive, other = ours(), theirs(seed)
        illuminate(archive, seed)
        illuminate_with_ribs(other, 100 + seed)
        mine.append(quality(archive))
        reference.append((float(other.stats.qd_score), float(other.stats.coverage)))
    for one, two in zip(np.array(mine).T, np.array(reference).T, strict=True):
        noise = np.sqrt((one.var(ddof=1) + two.var(ddof=1)) / seeds)
        assert abs(one.mean() - two.mean()) < 3 * noise


@PAIRS
def test_the_same_adds_fill_the_same_cells_as_those_of_pyribs(
    ours: Callable[[], Archive], theirs: Callable[[int], Any]
) -> None:
    archive, other = ours(), theirs(0)
    for batch in illuminate(archive, 4):
        other.add(batch.vectors, batch.fitness, batch.measures)
    mine = np.sort([trial.fitness for trial in archive])
    assert np.array_equal(mine, np.sort(other.data("objective")))


@PAIRS
def test_adds_one_by_one_cost_no_more_cpu_than_those_of_pyribs(
    ours: Callable[[], Archive], theirs: Callable[[int], Any]
) -> None:
    seen = illuminate(ours(), 5)[:20]
    trials = [trial for place, batch in enumerate(seen) for trial in trials_of(batch, place * BATCH)]
    singles = [(b.vectors[i], b.fitness[i], b.measures[i]) for b in seen for i in range(BATCH)]
    rng = np.random.default_rng(1)
    mine = min(_cpu_s(ours().add, [(trial, rng) for trial in trials]) for _ in range(3))
    assert mine <= min(_cpu_s(theirs(0).add_single, singles) for _ in range(3))


def _cpu_s(add: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> float:
    start = time.process_time()
    for given in arguments:
        add(*given)
    return time.process_time() - start
