"""DGM: how parents are drawn, what is kept, and what a child costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare

from evolve import Strategy
from evolve.evaluation import Outcome
from evolve.events import Committed
from evolve.interfaces import Evaluate, Propose
from evolve.program import Program
from evolve.testing import MemoryView, StrategyContract
from evolve.trial import Scored, Trial, TrialStatus
from evolve_plugins.strategies.dgm import DGM

RNG = np.random.default_rng(1)


class TestDGMContract(StrategyContract):
    def make(self) -> Strategy:
        return DGM(scale=(-2.0, 2.0))


class TestSteadyDGMContract(StrategyContract):
    def make(self) -> Strategy:
        return DGM(children=0, keep="better")


def told(strategy: DGM, *scores: tuple[int | None, Sequence[float | None]]) -> MemoryView:
    """Tell of trials, each with its parent and its outcomes; None is an outcome that is not valid."""
    view = MemoryView()
    for number, (parent, mine) in enumerate(scores):
        outcomes = tuple(
            Scored(f"t{place}", "first", Outcome.invalid("") if score is None else Outcome.ok(score))
            for place, score in enumerate(mine)
        )
        parents = () if parent is None else (parent,)
        view.record[number] = Trial(number, Program({"a.py": str(number)}), parents, outcomes=outcomes)
        strategy.observe(Committed(trial=view.record[number]), RNG)
    return view


def drawn(strategy: DGM, view: MemoryView, count: int) -> Counter[int]:
    return Counter(a.parents[0] for a in strategy.decide(view, count, RNG) if isinstance(a, Propose))


def test_parents_are_drawn_by_the_sigmoid_of_the_score_over_one_plus_the_children() -> None:
    strategy = DGM(children=0, keep="better")
    dropped = [(2, [0.0])] * 4  # four children that work and are not kept
    view = told(strategy, (None, [0.2] * 5), (None, [0.5]), (None, [0.5]), *dropped)
    found = drawn(strategy, view, 20_000)
    assert set(found) == {0, 1, 2}
    expected = np.array([0.0733, 0.7723, 0.1545])
    observed = np.array([found[number] for number in range(3)])
    assert chisquare(observed, 20_000 * expected / expected.sum()).pvalue > 0.01


def test_a_generation_begins_when_the_last_one_is_over() -> None:
    strategy = DGM(children=3)
    view = told(strategy, (None, [0.5]))
    assert len(strategy.decide(view, 8, RNG)) == 3
    assert len(strategy.decide(view, 2, RNG)) == 2
    view.in_flight = {7: Propose((0,))}
    assert strategy.decide(view, 8, RNG) == []


def test_bred_steadily_children_under_way_count_as_their_parents() -> None:
    strategy = DGM(children=0)
    view = told(strategy, (None, [0.5]), (0, [0.5]))
    view.in_flight = {**{step: Propose((1,)) for step in range(9)}, 20: Evaluate(1, ("only",))}
    found = drawn(strategy, view, 2000)
    assert found[0] / 2000 == pytest.approx((1 / 2) / (1 / 2 + 1 / 10), abs=0.04)


def test_all_that_works_is_kept_also_what_a_stage_has_stopped_and_what_fails_is_not() -> None:
    strategy = DGM(children=0)
    view = told(strategy, (None, [0.5]), (0, [0.3, 0.3]), (0, [1.0, None]), (0, []), (1, [0.0]))
    assert set(drawn(strategy, view, 5000)) == {0, 1, 4}
    assert strategy._children == {0: 1, 1: 1}


def test_a_duplicate_is_not_kept() -> None:
    strategy = DGM(children=0)
    view = told(strategy, (None, [0.5]))
    same = Trial(1, Program({"a.py": ""}), (0,), status=TrialStatus.REUSED, outcomes=view.record[0].outcomes)
    strategy.observe(Committed(trial=same), RNG)
    assert set(drawn(strategy, view, 100)) == {0}


def test_only_what_comes_near_the_first_program_is_kept_where_it_must_be_better() -> None:
    strategy = DGM(children=0, keep="better", margin=0.1)
    view = told(strategy, (None, [0.5]), (0, [0.41]), (0, [0.39]), (1, [0.9]))
    assert set(drawn(strategy, view, 2000)) == {0, 1, 3}


@pytest.mark.parametrize(("number", "evaluations"), [(3.0, 10), (4.0, 60)])
def test_a_child_below_the_bar_of_the_first_stage_costs_10_evaluations_and_one_at_the_bar_60(
    execute: Callable[..., Any], number: float, evaluations: int
) -> None:
    found, _ = execute(
        "strategy=dgm",
        f"mutator={{use='in_turn', numbers=[{number}]}}",
        "stages=[{name='first', instances=['t0?'], min_score=0.4}, {name='rest', instances=['t[1-5]?']}]",
        "budget.trials=2",
        count=60,
        score="float(x > int(instance.id[1:]) % 10) if x != 1.5 else 0.5",
    )
    assert found.evaluations == 60 + evaluations


def test_every_child_that_works_stays_a_parent_over_a_whole_rehearsal(worlds: ModuleType) -> None:
    strategy = DGM()
    done = worlds.Rehearsal(strategy, worlds.Agents(0.02), worlds.TASKS, worlds.STAGED, slots=2).run(800)
    kept = set(strategy._scores)
    assert kept == set(done.view.record)
    assert {parent for trial in done.view.record.values() for parent in trial.parents} <= kept
    assert sum(strategy._children.values()) == len(kept) - 1
