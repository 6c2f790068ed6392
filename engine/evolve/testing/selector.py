"""What every selector promises."""

from __future__ import annotations

import numpy as np

from evolve.interfaces import AddStatus, Selection, Selector
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

    def test_it_can_be_told_of_any_trial_whatever_the_archive_did_with_it(self) -> None:
        selector = self.make()
        strangers = [make_trial(50, None, parents=(3,)), make_trial(51, 1.0, parents=(40, 2)), make_trial(52)]
        for status in AddStatus:
            for trial in (*_trials(3), *strangers):
                selector.observe(trial, status)
        picked = selector.select(_trials(9), np.random.default_rng(1))
        assert {*_numbers(picked)} <= set(range(9))

    def test_what_it_has_learnt_follows_from_what_it_was_told_and_from_nothing_else(self) -> None:
        asked, quiet = self.make(), self.make()
        for number in range(30):
            made = make_trial(number, float(number % 7), parents=(number // 4,) if number else ())
            status = list(AddStatus)[number % 3]
            asked.observe(made, status)
            quiet.observe(made, status)
            asked.select(_trials(9), np.random.default_rng(number))
        for seed in range(10):
            one, other = (s.select(_trials(9), np.random.default_rng(seed)) for s in (asked, quiet))
            assert _numbers(one) == _numbers(other)

    def test_it_leaves_the_trials_as_they_are(self) -> None:
        trials = _trials(9)
        self.make().select(trials, np.random.default_rng(1))
        assert [trial.number for trial in trials] == list(range(9))


def _trials(count: int) -> list[Trial]:
    return [make_trial(number, float(count - number)) for number in range(count)]


def _numbers(picked: Selection) -> list[int]:
    return [trial.number for trial in (*picked.parents, *picked.inspirations)]
