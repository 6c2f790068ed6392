"""What every selector promises."""

from __future__ import annotations

import numpy as np

from evolve.interfaces import Selection, Selector
from evolve.testing.factories import make_trial
from evolve.trial import Trial

__all__ = ["SelectorContract"]


class SelectorContract:
    """Subclass it as `TestMine`, and override `make`."""

    def make(self) -> Selector:
        """Return a new selector."""
        raise NotImplementedError("override make() and return a new selector")

    def test_it_picks_parents_and_inspirations_among_the_trials_given(self) -> None:
        trials = _trials(9)
        for seed in range(30):
            picked = self.make().select(trials, np.random.default_rng(seed))
            assert picked.parents
            assert {*_numbers(picked)} <= {trial.number for trial in trials}

    def test_it_picks_no_trial_twice(self) -> None:
        for seed in range(30):
            numbers = _numbers(self.make().select(_trials(9), np.random.default_rng(seed)))
            assert len(numbers) == len(set(numbers))

    def test_one_trial_is_enough(self) -> None:
        picked = self.make().select(_trials(1), np.random.default_rng(1))
        assert [trial.number for trial in picked.parents] == [0]

    def test_it_takes_any_iterable(self) -> None:
        from_list = self.make().select(_trials(9), np.random.default_rng(1))
        assert _numbers(self.make().select(iter(_trials(9)), np.random.default_rng(1))) == _numbers(from_list)

    def test_the_same_random_stream_gives_the_same_choice_and_nothing_is_remembered(self) -> None:
        used = self.make()
        for seed in range(10):
            used.select(_trials(9), np.random.default_rng(seed))
        fresh = self.make().select(_trials(9), np.random.default_rng(3))
        assert _numbers(used.select(_trials(9), np.random.default_rng(3))) == _numbers(fresh)

    def test_it_leaves_the_trials_as_they_are(self) -> None:
        trials = _trials(9)
        self.make().select(trials, np.random.default_rng(1))
        assert [trial.number for trial in trials] == list(range(9))


def _trials(count: int) -> list[Trial]:
    return [make_trial(number, float(count - number)) for number in range(count)]


def _numbers(picked: Selection) -> list[int]:
    return [trial.number for trial in (*picked.parents, *picked.inspirations)]
