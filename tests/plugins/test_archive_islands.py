"""`Islands`: apart, restarted when they stall, and never forgetting what they found."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from evolve import AddStatus, Archive, Niche
from evolve.testing import ArchiveContract, make_trial
from evolve_plugins.archives.aging import Aging
from evolve_plugins.archives.islands import Islands
from evolve_plugins.archives.map_elites import Axis, MapElites
from evolve_plugins.archives.pareto import Objective, Pareto
from evolve_plugins.archives.signature_clusters import SignatureClusters
from evolve_plugins.archives.top_k import TopK

RNG = np.random.default_rng(1)


class TestIslandsContract(ArchiveContract):
    def make(self) -> Archive:
        return Islands(inner=TopK(k=5), count=3, stall=6, restart_fill=2)


class TestIslandsWithMigrationContract(ArchiveContract):
    def make(self) -> Archive:
        return Islands(inner=TopK(k=5), count=3, stall=9, migrate_every=2)


class TestIslandsOfElitesContract(ArchiveContract):
    measures = ("width",)

    def make(self) -> Archive:
        return Islands(inner=MapElites(axes=(Axis("width", 0.0, 1.0, 4),)), count=2, stall=8)


class TestIslandsOfClustersContract(ArchiveContract):
    def make(self) -> Archive:
        return Islands(inner=SignatureClusters(temperature=1.0), count=4, stall=0, reset_every=20)


class TestIslandsOfFrontsContract(ArchiveContract):
    measures = ("width",)

    def make(self) -> Archive:
        inner = Pareto(objectives=(Objective(), Objective("width")), size=6)
        return Islands(inner=inner, count=2, stall=8, migrate_every=3)


class TestIslandsOfAgingContract(ArchiveContract):
    def make(self) -> Archive:
        return Islands(inner=Aging(size=5), count=3, migrate_every=2, migrants=2, topology="complete")


class TestIslandsOfIslandsContract(ArchiveContract):
    def make(self) -> Archive:
        inner = Islands(inner=TopK(k=3), count=2, stall=7, restart_fill=2)
        return Islands(inner=inner, count=2, stall=20, migrate_every=5, topology="star")


def niches(archive: Islands) -> dict[str, Niche]:
    """Return every island that can be drawn, by name."""
    drawn = [archive.niche(np.random.default_rng(seed)) for seed in range(60)]
    return {niche.name: niche for niche in drawn}


def add(archive: Islands, number: int, fitness: float, niche: str | None = None) -> AddStatus:
    notes = {} if niche is None else {"niche": niche}
    return archive.add(make_trial(number, fitness, notes=notes), RNG)


def stalled(archive: Islands, name: str, fitness: float, start: int) -> None:
    """Give an island as many useless children as it bears."""
    for number in range(start, start + archive.stall):
        add(archive, number, fitness, name)


def test_a_seed_lands_on_every_island() -> None:
    archive = Islands(count=3)
    assert add(archive, 0, 1.0) is AddStatus.NEW
    assert [[t.number for t in niche.members] for niche in niches(archive).values()] == [[0], [0], [0]]
    assert [trial.number for trial in archive] == [0]


def test_a_child_lands_on_the_island_that_bred_it() -> None:
    archive = Islands(count=3)
    add(archive, 0, 1.0)
    name = sorted(niches(archive))[1]
    add(archive, 1, 2.0, name)
    assert {n: [t.number for t in niche.members] for n, niche in niches(archive).items() if len(niche.members) > 1} == {
        name: [1, 0]
    }


def test_the_island_that_was_served_least_comes_next_more_often() -> None:
    archive = Islands(count=2)
    add(archive, 0, 1.0)
    busy, idle = sorted(niches(archive))
    add(archive, 1, 2.0, busy)
    drawn = [archive.niche(np.random.default_rng(seed)).name for seed in range(200)]
    assert drawn.count(idle) > 1.5 * drawn.count(busy) > 0


def test_a_stalled_island_starts_again_from_the_elites_of_all() -> None:
    archive = Islands(inner=TopK(k=4), count=2, stall=3, restart_fill=2)
    add(archive, 0, 1.0)
    one, other = sorted(niches(archive))
    add(archive, 1, 9.0, one)
    add(archive, 2, 5.0, other)
    stalled(archive, one, 2.0, start=3)
    restarted = next(niche for niche in niches(archive).values() if niche.purpose == "restart")
    assert restarted.name not in {one, other}
    assert [t.number for t in restarted.members][:2] == [1, 2]
    assert sum(niche.purpose == "restart" for niche in niches(archive).values()) == 1
    add(archive, 10, 0.1, restarted.name)
    assert niches(archive)[restarted.name].purpose == "restart"
    add(archive, 11, 0.2, restarted.name)
    refilled = niches(archive)[restarted.name]
    assert refilled.purpose == "improve"
    assert [t.number for t in refilled.members] == [11, 10]


def test_an_improvement_starts_the_count_of_useless_children_anew() -> None:
    archive = Islands(count=1, stall=3)
    add(archive, 0, 1.0)
    (name,) = niches(archive)
    for number, fitness in enumerate([0.1, 0.2, 2.0, 0.3, 0.4], 1):
        add(archive, number, fitness, name)
    assert set(niches(archive)) == {name}
    add(archive, 6, 0.5, name)
    assert set(niches(archive)) != {name}


def test_a_child_of_a_former_life_does_not_return_but_may_lend_its_structure() -> None:
    archive = Islands(inner=TopK(k=4), count=1, stall=2, restart_fill=2)
    add(archive, 0, 1.0)
    (name,) = niches(archive)
    stalled(archive, name, 0.5, start=1)
    assert add(archive, 9, 7.0, name) is AddStatus.REJECTED
    assert list(archive) == []
    (restarted,) = niches(archive).values()
    assert restarted.members[0].number == 9


def test_a_restart_that_yields_only_known_programs_ends_all_the_same() -> None:
    archive = Islands(inner=TopK(k=4), count=1, stall=3, restart_fill=3)
    add(archive, 0, 1.0)
    (name,) = niches(archive)
    stalled(archive, name, 0.5, start=1)
    (restarted,) = niches(archive)
    for number in range(10, 15):
        archive.add(make_trial(number, 0.5, class_key="always the same", notes={"niche": restarted}), RNG)
    assert [niche.purpose for niche in niches(archive).values()] == ["improve"]


def test_migrants_visit_the_next_island_of_the_ring() -> None:
    archive = Islands(inner=TopK(k=4), count=3, migrate_every=2)
    names = sorted(niches(archive))
    add(archive, 0, 3.0, names[2])
    add(archive, 1, 4.0, names[2])
    assert [[t.number for t in niches(archive)[name].members] for name in names] == [[1], [], [1, 0]]


def test_without_migration_the_islands_stay_apart() -> None:
    archive = Islands(inner=TopK(k=4), count=2)
    first, second = sorted(niches(archive))
    for number in range(20):
        add(archive, number, float(number), first)
    assert niches(archive)[second].members == ()


@pytest.mark.parametrize(
    ("topology", "expected"),
    [
        ("ring", {0: [1], 1: [2], 3: [0]}),
        ("star", {0: [1, 2, 3], 1: [0], 3: [0]}),
        ("complete", {0: [1, 2, 3], 1: [0, 2, 3], 3: [0, 1, 2]}),
    ],
)
def test_migrants_go_where_the_topology_says(
    topology: Literal["ring", "star", "complete"], expected: dict[int, list[int]]
) -> None:
    for sender, receivers in expected.items():
        archive = Islands(inner=TopK(k=4), count=4, migrate_every=1, topology=topology)
        add(archive, 0, 3.0, f"{sender}.0")
        reached = [int(name[0]) for name, niche in niches(archive).items() if niche.members]
        assert sorted(reached) == sorted([sender, *receivers])


@pytest.mark.parametrize("topology", ["ring", "star", "complete"])
def test_an_island_on_its_own_has_no_neighbour(topology: Literal["ring", "star", "complete"]) -> None:
    assert list(Islands(count=1, topology=topology).neighbours(0)) == []


def test_the_worse_half_begins_anew_from_the_best_of_the_others() -> None:
    archive = Islands(inner=TopK(k=4), count=5, stall=0, reset_every=10)
    for number in range(10):
        add(archive, number, float(number % 5) + number / 100, f"{number % 5}.0")
    kept = {name: [trial.number for trial in niche.members] for name, niche in niches(archive).items()}
    assert {name: kept[name] for name in ("2.0", "3.0", "4.0")} == {"2.0": [7, 2], "3.0": [8, 3], "4.0": [9, 4]}
    assert all(kept[name] in ([7], [8], [9]) for name in ("0.1", "1.1"))
    assert len(kept) == 5


def test_ties_between_islands_are_broken_at_random() -> None:
    survivors = set()
    for seed in range(20):
        archive = Islands(inner=TopK(k=4), count=2, stall=0, reset_every=1)
        archive.add(make_trial(0, 1.0), np.random.default_rng(seed))
        survivors.add(next(name for name in niches(archive) if name.endswith(".0")))
    assert survivors == {"0.0", "1.0"}


def test_a_reset_with_nothing_to_begin_from_leaves_the_islands_as_they_are() -> None:
    archive = Islands(inner=TopK(k=4), count=2, stall=0, reset_every=1)
    add(archive, 0, 1.0, "an island that never was")
    assert set(niches(archive)) == {"0.0", "1.0"}


def test_without_a_stall_an_island_is_never_given_up() -> None:
    archive = Islands(inner=TopK(k=4), count=1, stall=0)
    for number in range(100):
        add(archive, number, -float(number), "0.0")
    assert set(niches(archive)) == {"0.0"}


def test_the_niches_of_an_inner_archive_are_those_of_its_island() -> None:
    archive = Islands(inner=SignatureClusters(members=1), count=1)
    for number in range(5):
        add(archive, number, 1.0)
    assert {niche.name for niche in niches(archive).values()} == {"0.0"}
    assert all(len(niche.members) == 1 for niche in niches(archive).values())


def test_a_child_finds_its_way_back_through_islands_of_islands() -> None:
    archive = Islands(inner=Islands(inner=TopK(k=4), count=2), count=2)
    add(archive, 0, 1.0)
    assert set(niches(archive)) == {f"{outer}.0/{inner}.0" for outer in (0, 1) for inner in (0, 1)}
    add(archive, 1, 2.0, "1.0/0.0")
    found = {name: [trial.number for trial in niche.members] for name, niche in niches(archive).items()}
    assert found == {"0.0/0.0": [0], "0.0/1.0": [0], "1.0/0.0": [1, 0], "1.0/1.0": [0]}
