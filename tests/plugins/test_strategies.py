"""The shipped strategies."""

from __future__ import annotations

from collections import Counter

import numpy as np

from evolve import Strategy
from evolve.events import Committed, Finished
from evolve.interfaces import Evaluate, Propose
from evolve.testing import MemoryView, StrategyContract, make_trial
from evolve_plugins.archives.islands import Islands
from evolve_plugins.archives.map_elites import Axis, MapElites
from evolve_plugins.archives.top_k import TopK
from evolve_plugins.selectors.tournament import Tournament
from evolve_plugins.selectors.uniform import Uniform
from evolve_plugins.strategies.random_search import RandomSearch
from evolve_plugins.strategies.steady_state import SteadyState

RNG = np.random.default_rng(1)


class TestSteadyStateContract(StrategyContract):
    def make(self) -> Strategy:
        return SteadyState(TopK(k=5), Tournament())


class TestSteadyStateOnIslandsContract(StrategyContract):
    def make(self) -> Strategy:
        return SteadyState(Islands(inner=TopK(k=4), count=3, stall=4, restart_fill=2), Tournament(inspirations=1))


class TestSteadyStateOnAGridContract(StrategyContract):
    measures = ("width",)

    def make(self) -> Strategy:
        return SteadyState(MapElites(axes=(Axis("width", 0, 1, 5),)), Uniform())


class TestRandomSearchContract(StrategyContract):
    def make(self) -> Strategy:
        return RandomSearch()


def test_steady_state_breeds_from_what_its_archive_keeps() -> None:
    strategy, view = SteadyState(TopK(k=2), Tournament(parents=1)), MemoryView()
    for number, fitness in enumerate([1.0, None, 3.0, 2.0]):
        view.record[number] = make_trial(number, fitness)
        strategy.observe(Committed(trial=view.record[number]), RNG)
    strategy.observe(Finished(), RNG)
    named = {a.parents for a in strategy.decide(view, 30, RNG) if isinstance(a, Propose)}
    assert named == {(2,), (3,)}


def test_steady_state_spreads_the_children_of_one_decision_over_the_niches() -> None:
    strategy, view = SteadyState(Islands(count=4), Tournament()), MemoryView()
    view.record[0] = make_trial(0)
    strategy.observe(Committed(trial=view.record[0]), RNG)
    asked = strategy.decide(view, 8, np.random.default_rng(3))
    assert max(Counter(a.tags["niche"] for a in asked if isinstance(a, Propose)).values()) <= 4


def test_steady_state_leaves_niches_alone_that_have_work_in_flight() -> None:
    strategy = SteadyState(Islands(count=2), Tournament())
    strategy.observe(Committed(trial=make_trial(0)), RNG)
    busy = Propose(tags={"niche": "0.0"})
    view = MemoryView({0: make_trial(0)}, in_flight={1: busy, 2: busy, 3: Evaluate(0, ("only",))})
    asked = [strategy.decide(view, 1, np.random.default_rng(seed))[0] for seed in range(40)]
    assert Counter(a.tags["niche"] for a in asked if isinstance(a, Propose))["1.0"] > 30


def test_steady_state_passes_on_why_a_niche_wants_a_program() -> None:
    strategy, view = SteadyState(Islands(count=1, stall=1), Tournament()), MemoryView()
    for number in range(3):
        view.record[number] = make_trial(number, 1.0, notes={"niche": "0.0"})
        strategy.observe(Committed(trial=view.record[number]), RNG)
    (asked,) = strategy.decide(view, 1, RNG)
    assert isinstance(asked, Propose)
    assert (asked.purpose, asked.tags) == ("restart", {"niche": "0.1"})
    assert asked.parents


def test_random_search_never_builds_on_what_it_found() -> None:
    strategy = RandomSearch()
    for trial in (make_trial(0), make_trial(1, None), make_trial(2), make_trial(3, 9.0, operator="gp")):
        strategy.observe(Committed(trial=trial), RNG)
    named = {a.parents for a in strategy.decide(MemoryView(), 40, RNG) if isinstance(a, Propose)}
    assert named == {(0,), (2,)}
