"""The shipped selectors."""

from __future__ import annotations

from collections import Counter

import numpy as np

from evolve import Selector
from evolve.testing import SelectorContract, make_trial
from evolve_plugins.selectors.tournament import Tournament
from evolve_plugins.selectors.uniform import Uniform

TRIALS = [make_trial(number, float(10 - number)) for number in range(10)]


class TestTournamentContract(SelectorContract):
    def make(self) -> Selector:
        return Tournament(size=2, parents=2, inspirations=2)


class TestUniformContract(SelectorContract):
    def make(self) -> Selector:
        return Uniform(parents=2, inspirations=2)


def first_parents(selector: Selector, draws: int = 400) -> Counter[int]:
    rng = np.random.default_rng(1)
    return Counter(selector.select(TRIALS, rng).parents[0].number for _ in range(draws))


def test_a_tournament_prefers_the_fitter_as_its_size_says() -> None:
    counts = first_parents(Tournament(size=2))
    expected = [400 * (19 - 2 * place) / 100 for place in range(10)]
    assert all(abs(counts[place] - expected[place]) < 5 * expected[place] ** 0.5 for place in range(10))


def test_a_tournament_of_one_and_uniform_prefer_nobody() -> None:
    for selector in (Tournament(size=1), Uniform()):
        counts = first_parents(selector)
        assert all(abs(counts[place] - 40) < 32 for place in range(10))


def test_they_pick_as_many_as_they_were_told() -> None:
    for selector in (Tournament(parents=3, inspirations=4), Uniform(parents=3, inspirations=4)):
        picked = selector.select(TRIALS, np.random.default_rng(1))
        assert (len(picked.parents), len(picked.inspirations)) == (3, 4)


def test_the_inspirations_of_a_tournament_are_the_best_of_the_others() -> None:
    picked = Tournament(parents=2, inspirations=3).select(TRIALS, np.random.default_rng(2))
    others = [trial.number for trial in TRIALS if trial not in picked.parents]
    assert [trial.number for trial in picked.inspirations] == others[:3]
