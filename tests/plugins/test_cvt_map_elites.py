"""`CvtMapElites`: cells of about equal size, the nearest one wins, and mistakes are told in a line."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from evolve import AddStatus, Archive, Trial
from evolve.errors import ConfigError
from evolve.testing import ArchiveContract, make_trial
from evolve_plugins.archives.cells import Span
from evolve_plugins.archives.cvt_map_elites import CvtMapElites, centroids
from evolve_plugins.archives.islands import Islands
from evolve_plugins.archives.map_elites import Axis, MapElites

RNG = np.random.default_rng(1)
WIDTH, HEIGHT = Span("width", 0.0, 10.0), Span("height", -1.0, 1.0)


class TestCvtMapElitesContract(ArchiveContract):
    measures = ("width", "height")

    def make(self) -> Archive:
        return CvtMapElites(axes=(Span("width", 0.0, 1.0), Span("height", 0.2, 0.8)), cells=12, samples=500)


class TestIslandsOfTessellationsContract(ArchiveContract):
    measures = ("width",)

    def make(self) -> Archive:
        return Islands(inner=CvtMapElites(axes=(Span("width", 0.0, 1.0),), cells=6, samples=200), count=2, stall=8)


def placed(number: int, fitness: float, **measures: float) -> Trial:
    return make_trial(number, fitness, measures=measures)


def test_the_cells_share_out_the_space_about_equally() -> None:
    points = np.random.default_rng(9).random((20_000, 2))
    distances = ((points[:, None, :] - centroids(50, 2, 5000)[None]) ** 2).sum(axis=2)
    share = np.bincount(distances.argmin(axis=1), minlength=50) / len(points)
    assert share.min() > 0.5 / 50
    assert share.max() < 2 / 50


def test_the_centroids_depend_on_nothing_but_their_settings() -> None:
    assert np.array_equal(centroids(20, 3, 400, seed=5), centroids(20, 3, 400, seed=5))
    assert not np.array_equal(centroids(20, 3, 400, seed=5), centroids(20, 3, 400, seed=6))


@pytest.mark.parametrize("cells", [30, 2500])
def test_a_trial_belongs_to_the_nearest_centroid_of_the_scaled_space(cells: int) -> None:
    archive = CvtMapElites(axes=(WIDTH, HEIGHT), cells=cells, samples=3000)
    centres = centroids(cells, 2, 3000)
    for point in np.random.default_rng(3).random((50, 2)):
        nearest = int(((centres - point) ** 2).sum(axis=1).argmin())
        assert archive.place({"width": 10 * point[0], "height": 2 * point[1] - 1}) == nearest


def test_it_keeps_one_elite_per_cell_and_replaces_it_only_by_a_fitter_one() -> None:
    archive = CvtMapElites(axes=(WIDTH,), cells=2, samples=100)
    fitness_and_width = [(1.0, 0.1), (9.0, 9.9), (1.0, 0.3), (2.0, 0.2)]
    offered = [placed(i, fitness, width=width) for i, (fitness, width) in enumerate(fitness_and_width)]
    assert [archive.add(trial, RNG) for trial in offered] == ["new", "new", "rejected", "improved"]
    assert [trial.number for trial in archive] == [1, 3]


def test_as_many_cells_as_one_likes_whatever_the_number_of_measures() -> None:
    axes = tuple(Span(f"m{i}", 0.0, 1.0) for i in range(8))
    archive = CvtMapElites(axes=axes, cells=25, samples=400)
    rng = np.random.default_rng(2)
    for number in range(400):
        archive.add(placed(number, rng.random(), **{axis.measure: rng.random() for axis in axes}), RNG)
    assert 20 < len(archive) <= 25


def test_a_measure_that_is_missing_is_named_with_the_nearest_that_is_known() -> None:
    archive = CvtMapElites(axes=(Span("widht", 0.0, 1.0),), cells=2)
    with pytest.raises(ConfigError, match=r"^cvt_map_elites: a trial has no measure 'widht'; did you mean 'width'\?$"):
        archive.add(placed(0, 1.0, width=0.5), RNG)
    with pytest.raises(ConfigError, match=r"no measure 'widht'; the judge returned no measure at all$"):
        archive.add(placed(0, 1.0), RNG)


def test_more_cells_than_samples_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match=r"^cvt_map_elites: 20 cells need as many samples or more, not 10$"):
        CvtMapElites(axes=(WIDTH,), cells=20, samples=10)


def test_a_range_that_ends_before_it_starts_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="axis 'width': low must be less than high, not 1 and 0"):
        Span("width", 1, 0)


def test_a_value_outside_its_range_counts_as_the_nearest_inside_and_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for archive in (
        CvtMapElites(axes=(WIDTH,), cells=3, samples=50),
        MapElites(axes=(Axis("width", 0.0, 10.0, 3),)),
    ):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            for number, width in enumerate([9.99, 10.5, 1e300]):
                assert archive.add(placed(number, number, width=width), RNG) is not AddStatus.REJECTED
        assert len(archive) == 1
        assert caplog.messages == ["measure 'width' of trial 1 is 10.5, outside of 0 to 10; this is said once"]


def test_a_grid_tells_once_of_a_measure_that_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    archive = MapElites(axes=(Axis("widht", 0.0, 1.0),))
    with caplog.at_level(logging.WARNING):
        for number in range(3):
            archive.add(placed(number, 1.0, width=0.5), RNG)
    assert caplog.messages == ["measure 'widht' of trial 0 is missing; this is said once"]
