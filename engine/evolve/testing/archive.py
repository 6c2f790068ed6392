"""What every archive promises."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np

from evolve.interfaces import AddStatus, Archive
from evolve.testing.factories import make_trial
from evolve.trial import Trial

__all__ = ["ArchiveContract"]

_COUNT = 60


class ArchiveContract:
    """Subclass it as `TestMine`, and override `make`.

    Attributes:
        measures: names of the measures that the archive needs; each trial gets values from 0 to 1.
    """

    measures: ClassVar[Sequence[str]] = ()

    def make(self) -> Archive:
        """Return a new, empty archive."""
        raise NotImplementedError("override make() and return a new archive")

    def test_a_new_archive_is_empty(self) -> None:
        assert list(self.make()) == []
        assert len(self.make()) == 0

    def test_it_keeps_the_first_valid_trial(self) -> None:
        archive = self.make()
        trial = _trials(self.measures, 1)[0]
        assert archive.add(trial, np.random.default_rng(1)) is AddStatus.NEW
        assert [kept.number for kept in archive] == [trial.number]

    def test_a_trial_without_fitness_is_rejected_without_a_trace(self) -> None:
        trials = _trials(self.measures, _COUNT)
        with_failures: list[Trial] = []
        for trial in trials:
            niche = trial.notes.get("niche")
            failed = make_trial(1000 + trial.number, None, notes={} if niche is None else {"niche": niche})
            with_failures += [trial, failed]
        one, other = self.make(), self.make()
        for trial in with_failures:
            status = one.add(trial, np.random.default_rng(trial.number))
            assert trial.valid or status is AddStatus.REJECTED
        _feed(other, trials)
        assert _state(one) == _state(other)

    def test_it_yields_the_best_first(self) -> None:
        archive = self.make()
        _feed(archive, _trials(self.measures, _COUNT))
        fitness = [trial.fitness for trial in archive]
        assert fitness == sorted(fitness, key=lambda value: -(value or 0.0))

    def test_it_yields_valid_trials_once_each_and_counts_them(self) -> None:
        archive = self.make()
        for trial in _trials(self.measures, _COUNT):
            archive.add(trial, np.random.default_rng(trial.number))
            numbers = [kept.number for kept in archive]
            assert len(numbers) == len(set(numbers)) == len(archive)
            assert all(kept.valid for kept in archive)

    def test_a_rejected_trial_is_not_yielded(self) -> None:
        archive = self.make()
        for trial in _trials(self.measures, _COUNT):
            status = archive.add(trial, np.random.default_rng(trial.number))
            assert status in set(AddStatus)
            assert status is not AddStatus.REJECTED or trial.number not in {kept.number for kept in archive}

    def test_the_same_trials_make_the_same_archive(self) -> None:
        one, other = self.make(), self.make()
        bred = self._breed(one)
        _feed(other, bred)
        assert _state(one) == _state(other)

    def test_picking_a_niche_changes_nothing(self) -> None:
        one, other = self.make(), self.make()
        for trial in _trials(self.measures, _COUNT):
            for archive in (one, other):
                archive.add(trial, np.random.default_rng(trial.number))
            one.niche(np.random.default_rng(7))
            assert _state(one) == _state(other)

    def test_a_niche_of_a_filled_archive_offers_valid_trials_best_first(self) -> None:
        archive = self.make()
        self._breed(archive)
        for seed in range(20):
            niche = archive.niche(np.random.default_rng(seed))
            fitness = [trial.fitness for trial in niche.members]
            assert fitness
            assert None not in fitness
            assert fitness == sorted(fitness, key=lambda value: -(value or 0.0))
            assert niche.purpose in {"improve", "restart"}

    def test_a_copy_goes_its_own_way(self) -> None:
        archive = self.make()
        _feed(archive, _trials(self.measures, 5))
        before = _state(archive)
        _feed(copy.deepcopy(archive), _trials(self.measures, _COUNT))
        assert _state(archive) == before

    def _breed(self, archive: Archive) -> list[Trial]:
        """Fill an archive with children that come back to the niche they were bred in; return them in order."""
        bred = _trials(self.measures, 2)
        _feed(archive, bred)
        for trial in _trials(self.measures, 3 * _COUNT)[2:]:
            niche = archive.niche(np.random.default_rng(trial.number))
            notes = {"niche": niche.name} if niche.name else {}
            child = make_trial(trial.number, trial.fitness, measures=trial.measures, notes=notes)
            _feed(archive, [child])
            bred.append(child)
        return bred


def _trials(measures: Sequence[str], count: int) -> list[Trial]:
    """Return trials of random fitness, with ties and with classes that come again."""
    rng = np.random.default_rng(count)
    return [
        make_trial(
            number,
            float(rng.integers(0, 12)),
            class_key=f"class {rng.integers(0, 2 * count)}",
            measures={name: float(rng.random()) for name in measures},
        )
        for number in range(count)
    ]


def _feed(archive: Archive, trials: Iterable[Trial]) -> None:
    for trial in trials:
        archive.add(trial, np.random.default_rng(trial.number))


def _state(archive: Archive) -> list[Any]:
    """Return all that can be seen of an archive."""
    niches = [archive.niche(np.random.default_rng(seed)) for seed in range(8)]
    seen = [(niche.name, niche.purpose, [trial.number for trial in niche.members]) for niche in niches]
    return [[trial.number for trial in archive], seen]
