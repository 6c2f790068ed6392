"""Selectors that draw by rank, by score and novelty, and by curiosity; and how they learn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.stats import chisquare

from evolve import AddStatus, Archive, Selection, Selector, Strategy, Trial
from evolve.events import Committed
from evolve.interfaces import Propose
from evolve.testing import MemoryView, SelectorContract, StrategyContract, make_trial
from evolve_plugins.archives.map_elites import Axis, MapElites
from evolve_plugins.archives.open_ended import OpenEnded
from evolve_plugins.archives.top_k import TopK
from evolve_plugins.selectors.curiosity import Curiosity
from evolve_plugins.selectors.power_law import PowerLaw
from evolve_plugins.selectors.score_and_novelty import ScoreAndNovelty
from evolve_plugins.strategies.steady_state import SteadyState

DRAWS = 4000
SELECTORS = [PowerLaw(), Curiosity(), ScoreAndNovelty()]


class TestPowerLawContract(SelectorContract):
    def make(self) -> Selector:
        return PowerLaw(parents=2, inspirations=2)


class TestCuriosityContract(SelectorContract):
    def make(self) -> Selector:
        return taught(Curiosity(inspirations=2), {8: [True, True, False], 0: [False], 3: [True]})


class TestScoreAndNoveltyContract(SelectorContract):
    def make(self) -> Selector:
        return taught(ScoreAndNovelty(parents=2, inspirations=2), {0: [True] * 5, 2: [False]})


class TestSteadyStateWithCuriosityContract(StrategyContract):
    measures = ("width",)

    def make(self) -> Strategy:
        return SteadyState(MapElites(axes=(Axis("width", 0, 1, 5),)), Curiosity())


class TestSteadyStateOpenEndedContract(StrategyContract):
    def make(self) -> Strategy:
        return SteadyState(OpenEnded(), ScoreAndNovelty())


def taught(selector: Selector, children: dict[int, Sequence[bool]]) -> Selector:
    """Tell a selector of children by parent: whether the archive took each."""
    for parent, fates in children.items():
        for number, kept in enumerate(fates):
            child = make_trial(100 + number, 1.0, parents=(parent, 7))
            selector.observe(child, AddStatus.NEW if kept else AddStatus.REJECTED)
    return selector


def firsts(selector: Selector, trials: Sequence[Trial]) -> list[int]:
    rng = np.random.default_rng(5)
    counts = Counter(selector.select(trials, rng).parents[0].number for _ in range(DRAWS))
    return [counts[trial.number] for trial in trials]


def fits(observed: Sequence[int], weights: Sequence[float]) -> bool:
    expected = DRAWS * np.array(weights) / np.sum(weights)
    some = expected > 0
    if np.array(observed)[~some].any():
        return False
    return some.sum() == 1 or chisquare(np.array(observed)[some], expected[some]).pvalue > 0.001


# --- power law --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.5])
def test_a_power_law_draws_by_rank(alpha: float) -> None:
    trials = [make_trial(number, float(10 - number)) for number in range(8)]
    assert fits(firsts(PowerLaw(alpha=alpha), trials), [rank**-alpha for rank in range(1, 9)])


def test_the_second_parent_is_drawn_by_weight_among_the_others() -> None:
    trials = [make_trial(number, float(3 - number)) for number in range(3)]
    rng = np.random.default_rng(5)
    pairs = Counter(
        tuple(trial.number for trial in PowerLaw(parents=2).select(trials, rng).parents) for _ in range(DRAWS)
    )
    weights = {0: 1.0, 1: 1 / 2, 2: 1 / 3}
    chance = {
        (a, b): weights[a] / sum(weights.values()) * weights[b] / (sum(weights.values()) - weights[a])
        for a in weights
        for b in weights
        if a != b
    }
    assert fits([pairs[pair] for pair in chance], list(chance.values()))


@pytest.mark.parametrize("selector", SELECTORS, ids=lambda selector: type(selector).__name__)
def test_the_inspirations_are_the_best_of_the_others(selector: Selector) -> None:
    trials = [make_trial(number, float(10 - number)) for number in range(8)]
    chosen = type(selector)(parents=3, inspirations=3).select(trials, np.random.default_rng(1))  # type: ignore[call-arg]
    others = [trial.number for trial in trials if trial not in chosen.parents]
    assert len(chosen.parents) == 3
    assert [trial.number for trial in chosen.inspirations] == others[:3]


# --- score and novelty ------------------------------------------------------------------------------------------------


def test_score_and_novelty_draws_as_its_formula_says() -> None:
    trials = [make_trial(0, 0.5), make_trial(1, 0.5), make_trial(2, 0.2)]
    counts = firsts(taught(ScoreAndNovelty(), {1: [True, False, True, True, True, False]}), trials)
    assert fits(counts, [0.7723, 0.1545, 0.0733])


def test_score_and_novelty_bears_fitness_of_any_size() -> None:
    trials = [make_trial(0, 1e300), make_trial(1, -1e5), make_trial(2, -2e5)]
    assert firsts(ScoreAndNovelty(), trials) == [DRAWS, 0, 0]
    assert firsts(ScoreAndNovelty(), trials[1:]) == [DRAWS, 0]


# --- curiosity --------------------------------------------------------------------------------------------------------


def test_curiosity_draws_by_score_from_the_lowest() -> None:
    trials = [make_trial(number, float(10 - number)) for number in range(4)]
    selector = taught(Curiosity(), {0: [False, False], 1: [True, False], 2: [False]})
    assert fits(firsts(selector, trials), [0.0, 1.5, 0.5, 1.0])


def test_curiosity_leaves_newcomers_alone_while_nobody_failed() -> None:
    trials = [make_trial(number, 1.0) for number in range(3)]
    assert firsts(taught(Curiosity(), {1: [True]}), trials) == [0, DRAWS, 0]


def test_curiosity_prefers_nobody_while_all_scores_are_equal() -> None:
    trials = [make_trial(number, 1.0) for number in range(4)]
    for selector in (Curiosity(), taught(Curiosity(), {number: [False] for number in range(4)})):
        assert fits(firsts(selector, trials), [1.0] * 4)


# --- how they learn ---------------------------------------------------------------------------------------------------


@dataclass
class Listener(Selector):
    """Writes down what it is told."""

    heard: list[tuple[int, AddStatus]] = field(default_factory=list, init=False)

    def select(self, archive: Iterable[Trial], rng: np.random.Generator) -> Selection:
        return Selection(tuple(archive)[:1])

    def observe(self, trial: Trial, status: AddStatus) -> None:
        self.heard.append((trial.number, status))


def test_steady_state_tells_its_selector_what_became_of_every_trial() -> None:
    selector = Listener()
    strategy = SteadyState(TopK(k=1), selector)
    for number, fitness in enumerate([1.0, None, 0.5, 2.0]):
        strategy.observe(Committed(trial=make_trial(number, fitness)), np.random.default_rng(number))
    assert selector.heard == [(0, "new"), (1, "rejected"), (2, "rejected"), (3, "improved")]


def test_a_selector_that_learns_nothing_hears_it_without_harm() -> None:
    selector = PowerLaw()
    selector.observe(make_trial(1, parents=(0,)), AddStatus.NEW)
    assert selector == PowerLaw()


@pytest.mark.parametrize("archive", [OpenEnded(), OpenEnded(keep="better")])
def test_children_make_room_for_other_parents(archive: Archive) -> None:
    strategy, view = SteadyState(archive, ScoreAndNovelty()), MemoryView()
    for number, parents in enumerate([(), (), *[(0,)] * 20]):
        view.record[number] = make_trial(number, 0.9 if number < 2 else 0.85, parents=parents)
        strategy.observe(Committed(trial=view.record[number]), np.random.default_rng(number))
    rng = np.random.default_rng(3)
    named = Counter(a.parents for a in strategy.decide(view, 300, rng) if isinstance(a, Propose))
    assert named[1,] > 5 * named[0,]
