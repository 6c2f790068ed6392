"""POET: which instances join, who transfers, and how it does along a curve that a direct search cannot follow."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from statistics import fmean
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from evolve import Strategy
from evolve.evaluation import Outcome
from evolve.events import Committed, InstanceAdded, InstanceRetired, Measured
from evolve.instance import Instance
from evolve.interfaces import Evaluate, MakeInstance, Propose, Retire
from evolve.program import Program
from evolve.testing import MemoryView, StrategyContract
from evolve.trial import Scored, Trial
from evolve_plugins.strategies.instance_space import InstanceSpace
from evolve_plugins.strategies.poet import POET

RNG = np.random.default_rng(1)
RANGES = {"size": (0.0, 10.0, 2.0)}


class TestPOETContract(StrategyContract):
    def make(self) -> Strategy:
        return POET(RANGES, criterion=(0.1, 0.9), mastered=0.5, reproduce=5, transfer=3)


def test_a_mutant_moves_by_at_most_its_step_stays_in_range_and_keeps_its_kind_of_number() -> None:
    space = InstanceSpace({"a": (0.0, 1.0, 0.3), "n": (1, 9, 3), "absent": (0.0, 1.0, 1.0)})
    parent = Instance("old", {"a": 0.9, "n": 8, "name": "kept"}, group="g", weight=2.0)
    made = [space.mutant(parent, "new", np.random.default_rng(seed)) for seed in range(200)]
    assert all(i.params.keys() == {"a", "n", "name"} and i.params["name"] == "kept" for i in made)
    assert {i.n for i in made} == {5, 6, 7, 8, 9}
    assert all(isinstance(i.n, int) and isinstance(i.a, float) for i in made)
    assert min(i.a for i in made) >= 0.6
    assert max(i.a for i in made) == 1.0
    assert all((i.id, i.parents, i.group, i.weight, i.split) == ("new", ("old",), "g", 2.0, "train") for i in made)


def test_novelty_is_the_mean_distance_to_the_nearest_with_ranges_scaled_to_one() -> None:
    space = InstanceSpace({"a": (0.0, 2.0, 1.0), "b": (10.0, 20.0, 1.0), "fixed": (3.0, 3.0, 0.0)})
    at = [Instance(f"i{k}", {"a": a, "b": b}) for k, (a, b) in enumerate([(0, 10), (2, 10), (0, 15), (2, 20)])]
    assert space.novelty(at[0], at[1:], 2) == pytest.approx((0.5 + 1.0) / 2)
    assert space.novelty(at[0], at[1:], 5) == pytest.approx((0.5 + 1.0 + 2**0.5) / 3)
    assert space.novelty(at[0], [], 5) == np.inf


class Table:
    """Tells a strategy scores from a table, one event at a time."""

    def __init__(self, strategy: POET, *instances: Instance) -> None:
        self.strategy = strategy
        self.view = MemoryView(instances={instance.id: instance for instance in instances})

    def enter(self, number: int, pair: str = "", **scores: float) -> None:
        outcomes = tuple(Scored(name, "", Outcome.ok(score)) for name, score in scores.items())
        operator, notes = ("mutation", {"pair": pair}) if pair else ("seed", {})
        trial = Trial(number, Program({"a.py": str(number)}), (), operator, notes=notes, outcomes=outcomes)
        self.view.record[number] = trial
        self.strategy.observe(Committed(trial=trial), RNG)

    def measure(self, number: int, name: str, score: float) -> None:
        scored = Scored(name, "", Outcome.ok(score))
        self.strategy.observe(Measured(trial=self.view.record[number], scored=scored), RNG)

    def ask(self, free: int = 1, seed: int = 1) -> list[Any]:
        return list(self.strategy.decide(self.view, free, np.random.default_rng(seed)))

    def add(self, instance: Instance) -> None:
        self.view.instances = {**self.view.instances, instance.id: instance}
        self.strategy.observe(InstanceAdded(instance=instance), RNG)

    def drop(self, name: str) -> None:
        self.view.instances = {n: i for n, i in self.view.instances.items() if n != name}
        self.strategy.observe(InstanceRetired(instance_id=name), RNG)


def started(**settings: Any) -> Table:
    """Return a table with two pairs: program 0 with "a", and program 1 with "b"."""
    usual: dict[str, Any] = {"reproduce": 1, "transfer": 10**6, "brood": 2, "active": 2}
    strategy = POET(RANGES, criterion=(0.2, 0.8), mastered=0.5, **{**usual, **settings})
    table = Table(strategy, Instance("a", {"size": 1.0}), Instance("b", {"size": 2.0}))
    table.enter(0, a=0.9, b=0.1)
    table.enter(1, a=0.1, b=0.3)
    return table


def stepped(table: Table, number: int) -> None:
    """Make a step without a gain on each pair."""
    for place, pair in enumerate("ab"):
        table.enter(number + place, pair)
        table.measure(number + place, pair, 0.0)


def test_a_step_is_an_unjudged_child_of_the_pairs_program_and_then_its_judgement_on_the_pairs_instance() -> None:
    table = started()
    assert table.ask(2) == [
        Propose((0,), tags={"pair": "a"}, stages=()),
        Propose((1,), tags={"pair": "b"}, stages=()),
    ]
    table.enter(2, "a")
    assert table.ask(2) == [Evaluate(2, ("a",)), Propose((1,), tags={"pair": "b"}, stages=())]
    table.view.in_flight = {5: Evaluate(2, ("a",)), 6: Propose((1,), tags={"pair": "b"}, stages=())}
    assert all(isinstance(action, Propose) for action in table.ask(3))


@pytest.mark.parametrize(("score", "parent"), [(0.95, 2), (0.9, 0), (0.5, 0)])
def test_the_better_of_parent_and_child_stays(score: float, parent: int) -> None:
    table = started(reproduce=10**6)
    table.enter(2, "a")
    table.measure(2, "a", score)
    table.enter(3, "b")
    table.measure(3, "b", 0.0)
    assert Propose((parent,), tags={"pair": "a"}, stages=()) in table.ask(2)


def test_a_mutant_of_a_mastered_instance_is_made_when_it_is_time() -> None:
    table = started()
    assert not any(isinstance(action, MakeInstance) for action in table.ask(3))
    stepped(table, 2)
    made = next(action.instance for action in table.ask(3) if isinstance(action, MakeInstance))
    assert made.parents == ("a",)  # "b" is not mastered
    assert abs(made.size - 1.0) <= 2.0


@pytest.mark.parametrize("verdict", [0.1, 0.9])
def test_a_mutant_too_hard_or_too_easy_for_its_parents_program_is_retired_and_another_is_tried(verdict: float) -> None:
    table = started()
    stepped(table, 2)
    table.add(Instance("m", {"size": 3.0}, parents=("a",)))
    assert Evaluate(0, ("m",)) in table.ask(4)
    assert Evaluate(1, ("m",)) not in table.ask(4)
    table.measure(0, "m", verdict)
    assert Retire("m") in table.ask(4)
    table.drop("m")
    assert sum(isinstance(action, MakeInstance) for action in table.ask(4)) == 1
    table.add(Instance("n", {"size": 3.0}, parents=("a",)))
    table.measure(0, "n", verdict)
    table.drop("n")
    assert not any(isinstance(action, MakeInstance) for action in table.ask(4))  # the brood was of two


def test_a_mutant_that_passes_is_tried_by_all_and_joins_with_the_best_while_the_oldest_pair_leaves() -> None:
    table = started()
    stepped(table, 2)
    table.add(Instance("m", {"size": 3.0}, parents=("a",)))
    table.measure(0, "m", 0.3)
    assert Evaluate(1, ("m",)) in table.ask(4)
    table.measure(1, "m", 0.6)
    asked = table.ask(4)
    assert asked[0] == Retire("a")
    assert Propose((1,), tags={"pair": "m"}, stages=()) in asked
    assert not any(isinstance(action, Propose) and action.tags["pair"] == "a" for action in asked)


def test_a_mutant_that_the_best_program_finds_too_easy_does_not_join() -> None:
    table = started()
    stepped(table, 2)
    table.add(Instance("m", {"size": 3.0}, parents=("a",)))
    table.measure(0, "m", 0.3)
    table.measure(1, "m", 0.95)
    assert Retire("m") in table.ask(4)


def test_at_a_transfer_every_program_is_tried_on_every_instance_and_takes_over_where_it_is_better() -> None:
    table = started(reproduce=10**6, transfer=1)
    table.enter(2, "a")
    table.measure(2, "a", 0.95)
    table.enter(3, "b")
    table.measure(3, "b", 0.4)
    asked = table.ask(4)
    assert Evaluate(2, ("b",)) in asked
    assert Evaluate(3, ("a",)) in asked
    table.measure(2, "b", 0.41)
    table.measure(3, "a", 0.95)
    assert set(table.strategy._pairs.items()) == {("a", 2), ("b", 2)}
    table.measure(0, "b", 0.2)
    assert table.strategy._pairs["b"] == 2


def test_after_a_transfer_the_next_child_is_one_of_another_pairs_program() -> None:
    table = started(reproduce=10**6, transfer=2)
    stepped(table, 2)
    foreign = [a for a in table.ask(2) if isinstance(a, Propose)]
    assert {(a.parents[0], a.tags["pair"]) for a in foreign} == {(1, "a"), (0, "b")}


def test_lower_scores_may_be_the_better_ones() -> None:
    strategy = POET(RANGES, criterion=(2.0, 8.0), mastered=5.0, reproduce=1)
    first = (Scored("a", "", Outcome.ok(4.0)),)
    trial = Trial(0, Program({"a.py": ""}), outcomes=first, score=4.0, fitness=-4.0)
    view = MemoryView({0: trial}, instances={"a": Instance("a", {"size": 1.0})})
    strategy.observe(Committed(trial=trial), RNG)
    child = Trial(1, trial.program, (0,), "mutation", notes={"pair": "a"})
    strategy.observe(Committed(trial=child), RNG)
    strategy.observe(Measured(trial=child, scored=Scored("a", "", Outcome.ok(3.0))), RNG)
    asked = strategy.decide(view, 2, RNG)
    assert isinstance(asked[0], MakeInstance)
    assert asked[1] == Propose((1,), tags={"pair": "a"}, stages=())


@pytest.mark.parametrize("slots", [1, 5])
def test_over_a_whole_search_no_pair_gets_worse_and_every_instance_that_joined_met_the_criterion(
    worlds: ModuleType, slots: int
) -> None:
    strategy = POET({"difficulty": (0.0, 1.0, 0.1)}, (0.1, 0.9), 0.8, reproduce=10, transfer=5, active=4)
    easy = Instance("easy", {"difficulty": 0.0})
    stage = worlds.Stage("main", ["easy"])
    search = worlds.Rehearsal(strategy, worlds.Curve(), [easy], [stage], slots=slots)
    best: dict[str, float] = {}
    joined: list[str] = []
    verdicts: dict[str, list[float]] = defaultdict(list)
    observe = strategy.observe

    def watched(event: Any, rng: Any) -> None:
        observe(event, rng)
        if isinstance(event, Measured) and event.scored is not None:
            assert event.scored.instance in search.view.instances or slots > 1
            verdicts[event.scored.instance].append(event.scored.outcome.score or 0.0)
        for name, number in strategy._pairs.items():
            score = strategy._scores[number][name]
            if name not in best and name != "easy":
                joined.append(name)
                assert 0.1 <= verdicts[name][0] <= 0.9
                assert 0.1 <= max(verdicts[name]) <= 0.9
                assert score == max(verdicts[name])
            assert score >= best.get(name, 0.0)
            best[name] = score
        assert len(strategy._pairs) <= 4

    strategy.observe = watched  # type: ignore[method-assign]
    search.run(1500)
    assert len(joined) > 4
    retired = [e.instance_id for e in search.events if isinstance(e, InstanceRetired)]
    assert len(retired) == len(set(retired))
    assert {*retired, *search.view.instances} >= {"easy", *joined}
    assert retired.index("easy") < retired.index(joined[0])


def test_along_the_curve_it_solves_what_a_direct_search_does_not(worlds: ModuleType) -> None:
    assert fmean(worlds.poet(seed)[0] for seed in range(4)) >= 0.6
    assert not any(worlds.direct(seed, difficulty) for seed in range(2) for difficulty in (0.2, 0.3, 0.5, 0.8, 1.0))


def test_a_run_makes_and_retires_instances_and_can_be_replayed(
    execute: Callable[..., Any], replayed: Callable[..., Any]
) -> None:
    settings = "ranges={level=[0.0, 1.0, 0.1]}, criterion=[0.1, 0.97], mastered=0.6, reproduce=2, transfer=2, active=3"
    found, folder = execute(
        f"strategy={{use='poet', {settings}}}",
        "budget.evaluations=150",
        count=1,
        score="max(0.0, 1.0 - abs(x - 1.5 - 3 * instance.level))",
    )
    assert found.reason == "budget spent: 150 evaluations"
    database = sqlite3.connect(folder / "record.sqlite")
    made = [json.loads(body) for (body,) in database.execute("SELECT body FROM events WHERE kind = 'instance'")]
    (retired,) = database.execute("SELECT count(*) FROM events WHERE kind = 'retired'").fetchone()
    database.close()
    assert len({instance["id"] for instance in made}) == len(made) > 3
    assert 0 < retired <= len(made) + 1
    assert replayed(folder).differences == []
