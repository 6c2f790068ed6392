"""UCT: where it walks, what it backs up, how wide nodes get, and how it does on a tree of few good leaves."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import fmean
from types import ModuleType
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolve import Strategy
from evolve.evaluation import Outcome
from evolve.events import Committed, Event, Measured, Refused
from evolve.instance import Instance
from evolve.interfaces import Evaluate, Finish, Propose
from evolve.program import Program
from evolve.testing import MemoryView, StrategyContract
from evolve.trial import Scored, Trial, TrialStatus
from evolve_plugins.strategies.uct import UCT

RNG = np.random.default_rng(1)
UNIT = (0.0, 1.0)


class TestUCTContract(StrategyContract):
    def make(self) -> Strategy:
        return UCT()


class TestUCTAsInRStarMathContract(StrategyContract):
    def make(self) -> Strategy:
        return UCT(c=1.0, width=12, terminal="complete", variant="released")


class TestUCTAsInAlphaLLMContract(StrategyContract):
    def make(self) -> Strategy:
        return UCT(c=1.0, width=3, root_width=40, spread=2.0, depth=10)


class TestUCTOfTheBestContract(StrategyContract):
    def make(self) -> Strategy:
        return UCT(backup="max")


def node(number: int, parents: tuple[int, ...] = (), score: float | None = 0.5, **metrics: float) -> Trial:
    """Return a trial that was judged on one instance; None is a failure."""
    outcome = Outcome.invalid("made invalid") if score is None else Outcome.ok(score, metrics=metrics)
    status = TrialStatus.FAILED if score is None else TrialStatus.OK
    mine = (Scored("only", "full", outcome),)
    program = Program({"program.py": str(number)})
    return Trial(number, program, parents, status=status, outcomes=mine, score=score, fitness=score)


def told(strategy: UCT, *trials: Trial, instances: int = 1) -> MemoryView:
    """Return the view in which a strategy has been told of some trials."""
    names = ["only", *(f"i{number}" for number in range(1, instances))]
    view = MemoryView({one.number: one for one in trials}, instances={name: Instance(name) for name in names})
    for one in trials:
        strategy.observe(Committed(trial=one), RNG)
    return view


def asked(strategy: UCT, view: MemoryView, free: int = 1) -> list[Any]:
    return list(strategy.decide(view, free, RNG))


def grown(strategy: UCT, steps: int, score: Callable[[Trial], float | None]) -> MemoryView:
    """Let a strategy grow a tree; a child's score follows from its parent."""
    view = told(strategy, node(0))
    for number in range(1, steps + 1):
        (action,) = asked(strategy, view)
        if isinstance(action, Finish):
            break
        parent = view.record[action.parents[0]]
        view.record[number] = node(number, (parent.number,), score(parent))
        strategy.observe(Committed(trial=view.record[number]), RNG)
    return view


def test_a_child_is_made_where_there_is_room_and_else_the_walk_goes_to_the_highest_bound() -> None:
    strategy = UCT(c=1.0, width=2, scale=UNIT)
    view = told(strategy, node(0))
    assert asked(strategy, view) == [Propose((0,))]
    view = told(strategy, node(1, (0,), 0.3), node(2, (0,), 0.6))
    assert asked(strategy, view) == [Propose((2,))]
    told(
        strategy, node(3, (2,), 0.0), node(4, (2,), 0.0)
    )  # q of 2 is now 0.2, after 3 visits: the bound of 1 is higher
    assert 0.3 + math.sqrt(math.log(4) / 1) > 0.2 + math.sqrt(math.log(4) / 3)
    assert asked(strategy, view) == [Propose((1,))]


def test_several_seeds_are_the_children_of_one_top() -> None:
    strategy = UCT(scale=UNIT)
    view = told(strategy, node(0, (), 0.1), node(1, (), 0.9))
    assert asked(strategy, view) == [Propose((1,))]


def test_visits_in_flight_send_the_next_slot_elsewhere() -> None:
    strategy = UCT(c=1.0, width=2, scale=UNIT)
    view = told(strategy, node(0), node(1, (0,), 0.5), node(2, (0,), 0.6))
    assert asked(strategy, view, 3) == [Propose((2,)), Propose((1,)), Propose((2,))]
    view.in_flight = {5: Propose((2,)), 6: Propose((2,))}
    assert asked(strategy, view, 4) == [Propose((1,)), Propose((1,))]
    view.in_flight = {5: Propose((2,)), 6: Propose((2,)), 7: Propose((1,)), 8: Propose((1,))}
    assert asked(strategy, view) == []


def test_every_place_of_a_small_tree_is_filled_once_and_then_it_ends() -> None:
    strategy = UCT(width=2, depth=2)
    view = grown(strategy, 50, lambda parent: 0.5)
    assert sorted(trial.parents for trial in view.record.values()) == [(), (0,), (0,), (1,), (1,), (2,), (2,)]
    assert asked(strategy, view) == [Finish("every branch was followed to its end")]


def test_a_failed_node_has_no_children_and_counts_as_nothing_gained() -> None:
    strategy = UCT(width=2, scale=UNIT)
    view = told(strategy, node(0, (), 0.6), node(1, (0,), None), node(2, (0,), 0.3))
    assert asked(strategy, view) == [Propose((2,))]
    assert strategy._q(0) == pytest.approx((0.6 + 0.0 + 0.3) / 3)


@pytest.mark.parametrize("what", ["duplicate", "refusal"])
def test_after_five_duplicates_or_refusals_per_child_a_node_has_no_room(what: str) -> None:
    strategy = UCT(width=2)
    view = told(strategy, node(0), node(1, (0,)))
    for number in range(2, 7):
        assert Propose((0,)) in asked(strategy, view)
        same = Trial(number, Program({"a.py": ""}), (0,), status=TrialStatus.REUSED)
        event: Event = Committed(trial=same) if what == "duplicate" else Refused(parents=(0,))
        strategy.observe(event, RNG)
    assert asked(strategy, view, 9) == [Propose((1,)), Propose((1,))]


def test_only_complete_programs_and_failures_count_where_a_metric_says_what_is_complete() -> None:
    strategy = UCT(width=2, terminal="complete", scale=UNIT)
    view = told(strategy, node(0, (), 0.9, complete=0), node(1, (0,), 0.9, complete=0))
    assert strategy._q(0) == 0.0
    assert asked(strategy, view) == [Propose((1,))]  # a child without visits comes before a further sibling
    told(strategy, node(2, (1,), 0.8, complete=1), node(3, (1,), None))
    assert strategy._q(0) == strategy._q(1) == pytest.approx(0.4)
    assert asked(strategy, view) == [Propose((0,))]
    told(strategy, node(4, (0,), 1.0, complete=1))
    assert asked(strategy, view) == [Finish("every branch was followed to its end")]


def test_in_the_released_variant_a_sibling_is_made_only_after_negative_evidence() -> None:
    strategy = UCT(c=0.1, width=3, scale=UNIT, variant="released")
    view = told(strategy, node(0, (), 0.5), node(1, (0,), 0.9))
    assert asked(strategy, view) == [Propose((1,))]
    told(strategy, node(2, (1,), 0.0), node(3, (2,), 0.0))
    assert asked(strategy, view) == [Propose((0,))]


def test_a_seed_may_be_wider_than_other_nodes() -> None:
    strategy = UCT(width=1, root_width=5, depth=2)
    view = grown(strategy, 50, lambda parent: 0.5)
    assert sum(trial.parents == (0,) for trial in view.record.values()) == 5
    assert len(view.record) == 1 + 5 + 5


def test_a_node_widens_with_the_spread_of_its_children_and_never_shrinks() -> None:
    strategy = UCT(width=1, spread=8.0, scale=UNIT)
    told(strategy, node(0, (), 0.5), node(1, (0,), 0.0))
    assert strategy._width[0] == 1
    told(strategy, node(2, (0,), 1.0))  # a mean of a half, and half from it: int(8 / 2)
    assert strategy._width[0] == 4
    told(strategy, *(node(number, (0,), 0.5) for number in range(3, 7)))
    assert strategy._width[0] == 4
    wide = UCT(width=1, spread=100.0, scale=UNIT)
    told(wide, node(0), node(1, (0,), 0.0), node(2, (0,), 1.0))
    assert wide._width[0] == 10


def test_a_node_at_the_end_is_judged_on_further_instances_one_at_a_time() -> None:
    strategy = UCT(width=1, depth=1, visits=3, scale=UNIT)
    view = told(strategy, node(0), node(1, (0,), 0.0), instances=5)
    (first,) = asked(strategy, view)
    assert isinstance(first, Evaluate)
    assert (first.trial, len(first.instances)) == (1, 1)
    assert first.instances != ("only",)
    view.in_flight = {4: first}
    (second,) = asked(strategy, view, 3)
    assert second.instances != first.instances
    view.in_flight = {}
    for action in (first, second):
        scored = Scored(action.instances[0], "", Outcome.ok(1.0))
        strategy.observe(Measured(trial=view.record[1], scored=scored), RNG)
    assert strategy._q(1) == pytest.approx(2 / 3)
    assert asked(strategy, view) == [Finish("every branch was followed to its end")]


def test_without_a_scale_scores_lie_between_the_extremes_seen_so_far_whatever_the_direction() -> None:
    strategy = UCT()
    for number, (score, fitness) in enumerate([(90.0, -90.0), (40.0, -40.0), (50.0, -50.0)]):  # lower is better
        mine = (Scored("only", "full", Outcome.ok(score)),)
        trial = Trial(number, Program({"a.py": str(number)}), (), outcomes=mine, score=score, fitness=fitness)
        strategy.observe(Committed(trial=trial), RNG)
    assert [strategy._q(number) for number in range(3)] == pytest.approx([0.0, 1.0, 0.8])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["mean", "max"]))
def test_what_is_backed_up_equals_a_recomputation_from_all_visits(seed: int, backup: Literal["mean", "max"]) -> None:
    rng = np.random.default_rng(seed)
    strategy = UCT(backup=backup, scale=UNIT)
    visits: list[tuple[int, float | None]] = []
    parents: list[int] = []
    for number in range(40):
        parents.append(int(rng.integers(-1, number)) if number else -1)
        score = None if rng.random() < 0.2 else float(rng.random())
        others = tuple(int(rng.integers(number)) for _ in range(int(rng.integers(3)))) if parents[-1] >= 0 else ()
        told(strategy, node(number, (parents[-1], *others) if parents[-1] >= 0 else (), score))
        visits.append((number, score))
        if rng.random() < 0.3:
            again, score = int(rng.integers(number + 1)), float(rng.random())
            scored = Scored("i1", "", Outcome.ok(score))
            strategy.observe(Measured(trial=node(again), scored=scored), RNG)
            visits.append((again, score))

    def below(number: int, top: int) -> bool:
        return number == top or (number >= 0 and below(parents[number], top))

    for top in range(40):
        mine = [score or 0.0 for number, score in visits if below(number, top)]
        assert strategy._q(top) == pytest.approx(fmean(mine) if backup == "mean" else max(mine))


def test_events_and_actions_of_trials_that_it_was_never_told_of_do_no_harm() -> None:
    strategy = UCT(width=2)
    view = told(strategy, node(3, (1,)), node(3, (1,)))
    strategy.observe(Measured(trial=node(7), scored=Scored("i1", "", Outcome.ok(1.0))), RNG)
    strategy.observe(Refused(parents=(8,)), RNG)
    strategy.observe(Refused(), RNG)
    view.in_flight = {1: Propose((9,)), 2: Evaluate(10, ("only",)), 3: Propose()}
    assert asked(strategy, view, 3) == [Propose((3,)), Propose((3,))]


def test_the_primary_parent_alone_counts_a_child_of_two() -> None:
    strategy = UCT(scale=UNIT)
    told(strategy, node(0, (), 0.0), node(1, (), 0.0), node(2, (1, 0), 1.0))
    assert (strategy._q(0), strategy._q(1)) == (0.0, 0.5)


@pytest.mark.parametrize("size", [600, 6000])
def test_a_visit_costs_one_step_per_ancestor_however_many_trials_there_are(
    size: int, steps: Callable[..., int]
) -> None:
    strategy = UCT(width=10**6, depth=10**6)
    deep = 200
    told(strategy, *(node(number, (number - 1 if number <= deep else 0,) if number else ()) for number in range(size)))
    for number, parent, ancestors in ((size, deep, deep + 1), (size + 1, size - 1, 2)):
        made = Committed(trial=node(number, (parent,)))
        taken = steps(strategy._tree, lambda event=made: strategy.observe(event, RNG))
        assert ancestors <= taken <= 3 * (ancestors + 1) + 5  # it keeps three sums


def test_on_a_tree_of_few_good_leaves_it_finds_ten_times_as_many_as_best_of_n(worlds: ModuleType) -> None:
    seeds = range(40)
    chance = fmean(map(sum, worlds.hits("best of n", seeds)))
    for name in ("uct", "uct, c = 1, max"):
        found = worlds.hits(name, seeds)
        assert all(map(any, found))
        assert fmean(map(sum, found)) >= 10 * chance


def test_with_the_published_weight_of_exploration_200_visits_are_spread_almost_evenly(worlds: ModuleType) -> None:
    seeds = range(20)
    chance = fmean(map(sum, worlds.hits("best of n", seeds)))
    assert chance < fmean(map(sum, worlds.hits("uct, c = 1", seeds))) < 5 * chance


def test_the_released_rule_finds_many_good_leaves_too(worlds: ModuleType) -> None:
    assert fmean(map(sum, worlds.hits("uct, c = 1, released", range(20)))) >= 80


def test_a_run_grows_a_tree_and_can_be_replayed(execute: Callable[..., Any], replayed: Callable[..., Any]) -> None:
    found, folder = execute(
        "strategy={use='uct', width=3, depth=4, visits=2, terminal='complete'}",
        "stages=[{name='first', instances=['t0[0-3]']}]",
        "budget.trials=50",
    )
    assert found.trials == 50
    assert found.best is not None
    report = replayed(folder)
    assert report.differences == []
    assert report.proposals >= 49


def test_a_run_whose_tree_is_finished_ends_by_itself(execute: Callable[..., Any]) -> None:
    found, _ = execute("strategy={use='uct', width=2, depth=1}", "budget.trials=50")
    assert found.reason == "the strategy finished: every branch was followed to its end"
    assert found.trials <= 3 + 2 * 5
