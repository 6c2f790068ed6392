"""The portfolio: what each member sees, who gets the slots, and what becomes of a member that has stalled."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from evolve.events import Committed, Event, InstanceAdded, InstanceRetired, Refused
from evolve.instance import Instance
from evolve.interfaces import Action, MakeInstance, Propose, Retire, Strategy, View
from evolve.streams import stream
from evolve.testing import MemoryView, StrategyContract, make_trial
from evolve.trial import Trial
from evolve_plugins.archives.top_k import TopK
from evolve_plugins.selectors.tournament import Tournament
from evolve_plugins.strategies.chain import Chain
from evolve_plugins.strategies.poet import POET
from evolve_plugins.strategies.portfolio import Portfolio
from evolve_plugins.strategies.random_search import RandomSearch
from evolve_plugins.strategies.steady_state import SteadyState

Landscape = Callable[[np.ndarray], float]


def climbing() -> Strategy:
    return SteadyState(TopK(8), Tournament(parents=1))


class TestPortfolio(StrategyContract):
    def make(self) -> Strategy:
        return Portfolio((climbing(), RandomSearch(), Chain()))


def smooth(x: np.ndarray) -> float:
    """One wide hill: whoever builds upon the best wins."""
    return float(-np.sum(np.abs(x - 3.0)))


def needles(x: np.ndarray) -> float:
    """Many equal jumps away from the seed, and nothing to climb from any of them: fresh draws from the seed win."""
    cell = np.floor(x * 4.0)
    return float(math.sin(float(cell @ np.arange(1.0, len(x) + 1.0)) * 12.9898) * 43758.5453 % 1.0)


def ridge(x: np.ndarray) -> float:
    """A long narrow ridge with steps, and an end."""
    return float(-abs(np.floor(np.sum(x)) - 24.0) - 0.5 * np.std(x))


def search(strategy: Strategy, landscape: Landscape, seed: int, trials: int = 300) -> float:
    """Run a strategy alone on a landscape of vectors; a child is its parent, moved a little. Return the best value."""
    genomes = {0: np.zeros(4)}
    view = MemoryView()

    def judge(number: int, action: Propose | None) -> None:
        notes = {"x": 0, **(action.tags if action else {})}
        parents = action.parents[:1] if action else ()
        trial = make_trial(
            number, landscape(genomes[number]), parents=parents, notes=notes, operator="move" if action else "seed"
        )
        view.record[number] = trial
        strategy.observe(Committed(number, trial), stream(seed, number, "observe"))

    judge(0, None)
    while len(genomes) < trials:
        step = len(genomes)
        actions = strategy.decide(view, 1, stream(seed, step, "strategy"))
        assert len(actions) == 1
        action = actions[0]
        assert isinstance(action, Propose)
        rng = stream(seed, step, "mutator")
        start = genomes[action.parents[0]] if action.parents else genomes[0]
        genomes[step] = start + rng.normal(scale=0.4, size=4)
        judge(step, action)
    return max(trial.fitness or -math.inf for trial in view.record.values())


@pytest.mark.parametrize("landscape", [smooth, needles, ridge])
def test_it_is_no_worse_than_its_best_member_less_a_tenth_on_landscapes_of_different_kinds(
    landscape: Landscape,
) -> None:
    def mean(make: Callable[[], Strategy]) -> float:
        return float(np.mean([search(make(), landscape, seed) for seed in range(8)]))

    alone = [mean(make) for make in (climbing, RandomSearch, Chain)]
    together = mean(lambda: Portfolio((climbing(), RandomSearch(), Chain())))
    start = landscape(np.zeros(4))
    assert together - start >= 0.9 * (max(alone) - start), (together, alone)


@dataclass
class Noting(Strategy):
    """Remembers what it was told; proposes from trial 0."""

    told: list[Event] = field(default_factory=list, init=False)
    views: list[int] = field(default_factory=list, init=False)

    def decide(self, view: View, free: int, rng: Any) -> Sequence[Action]:
        return [Propose((0,))] * free

    def observe(self, event: Event, rng: Any) -> None:
        self.told.append(event)


def told(portfolio: Portfolio, member: int) -> list[int]:
    strategy: Any = portfolio._members[member].strategy
    return [event.trial.number for event in strategy.told]


def commit(portfolio: Portfolio, trial: Trial) -> None:
    portfolio.observe(Committed(trial.number, trial), np.random.default_rng(0))


def test_a_member_sees_the_seeds_and_its_own_trials_only() -> None:
    portfolio = Portfolio((Noting(), Noting()))
    commit(portfolio, make_trial(0, 1.0))
    commit(portfolio, make_trial(1, 2.0, notes={"member": "0"}))
    commit(portfolio, make_trial(2, 3.0, notes={"member": "1"}))
    assert (told(portfolio, 0), told(portfolio, 1)) == ([0, 1], [0, 2])


def test_a_member_that_gains_gets_the_slots_but_for_exploration() -> None:
    portfolio = Portfolio((Noting(), Noting()), patience=0)
    commit(portfolio, make_trial(0, 0.0))
    for number in range(1, 200):
        member = str(number % 2)
        commit(portfolio, make_trial(number, float(number) if member == "0" else 0.0, notes={"member": member}))
    view = MemoryView({0: make_trial(0, 0.0)})
    given = Counter(
        action.tags["member"]
        for seed in range(400)
        for action in portfolio.decide(view, 1, np.random.default_rng(seed))
        if isinstance(action, Propose)
    )
    assert given["1"] / 400 < 0.2 / 2 + 3.3 * math.sqrt(0.1 * 0.9 / 400)  # no more than exploration gives it
    assert given["1"] > 0


def test_a_stalled_member_is_replaced_by_a_fresh_one_that_gets_the_best_of_all() -> None:
    portfolio = Portfolio((Noting(), Noting()), patience=3)
    commit(portfolio, make_trial(0, 0.0))
    commit(portfolio, make_trial(1, 9.0, notes={"member": "1"}))
    commit(portfolio, make_trial(2, 1.0, notes={"member": "0"}))
    for number in range(3, 6):
        commit(portfolio, make_trial(number, 0.5, notes={"member": "0"}))
    assert told(portfolio, 0) == [0, 1]
    assert told(portfolio, 1) == [0, 1]


def test_a_member_sees_only_its_own_actions_in_flight() -> None:
    portfolio = Portfolio((Chain(), Chain()), explore=1.0)
    commit(portfolio, make_trial(0, 0.0))
    view = MemoryView({0: make_trial(0, 0.0)})
    for step in range(2):
        actions = portfolio.decide(view, 8, np.random.default_rng(step))
        view.in_flight = {**view.in_flight, **{10 * step + i: action for i, action in enumerate(actions)}}
    owners = Counter(action.tags["member"] for action in view.in_flight.values() if isinstance(action, Propose))
    assert owners == {"0": 1, "1": 1}  # a chain has one action at a time


def test_a_refusal_is_told_to_the_member_whose_proposal_it_was() -> None:
    portfolio = Portfolio((Noting(), Noting()))
    for notes in ({"member": "1"}, {}):
        portfolio.observe(Refused(7, "somebody", "no idea", (0,), notes), np.random.default_rng(0))
    members: list[Any] = [member.strategy for member in portfolio._members]
    assert [len(member.told) for member in members] == [0, 1]


@dataclass
class Gardener(Strategy):
    """Makes an instance while it has none of its own; retires all that are old, and notes what it sees and hears."""

    heard: list[Event] = field(default_factory=list, init=False)

    def decide(self, view: View, free: int, rng: Any) -> Sequence[Action]:
        wanted: list[Action] = [Retire(name) for name in view.instances if name.startswith("old")]
        wanted += [] if len(view.instances) > 1 else [MakeInstance(Instance("new"))]
        return [*wanted, Propose((0,))][:free]

    def observe(self, event: Event, rng: Any) -> None:
        self.heard.append(event)


def test_each_member_has_the_problems_instances_and_its_own_and_retires_for_itself_only() -> None:
    portfolio = Portfolio((Gardener(), Gardener()), explore=1.0)
    known = {name: Instance(name) for name in ("plain", "old1", "old2")}
    view = MemoryView({0: make_trial(0, 1.0)}, instances=known)
    made = [a for seed in range(9) for a in portfolio.decide(view, 4, np.random.default_rng(seed))]
    assert not any(isinstance(action, Retire) for action in made)
    names = {action.instance.id for action in made if isinstance(action, MakeInstance)}
    assert names == {"new@0", "new@1"}
    for name in sorted(names):
        portfolio.observe(InstanceAdded(1, Instance(name)), np.random.default_rng(0))
    portfolio.observe(InstanceRetired(2, "new@1"), np.random.default_rng(0))
    portfolio.observe(InstanceAdded(3, Instance("from elsewhere")), np.random.default_rng(0))
    members: list[Any] = [member.strategy for member in portfolio._members]
    heard = [[getattr(e, "instance_id", "") or e.instance.id for e in member.heard] for member in members]
    assert heard == [["new@0", "from elsewhere"], ["new@1", "new@1", "from elsewhere"]]
    view.instances = {**known, "new@0": Instance("new@0"), "new@1": Instance("new@1")}
    later = [a for seed in range(9) for a in portfolio.decide(view, 4, np.random.default_rng(seed))]
    assert all(isinstance(action, Propose) for action in later)


def test_two_members_that_evolve_instances_leave_each_others_alone(worlds: ModuleType) -> None:
    def poet() -> POET:
        return POET({"difficulty": (0.0, 1.0, 0.1)}, (0.1, 0.9), 0.8, reproduce=10, transfer=5, active=4)

    portfolio = Portfolio((poet(), poet()), explore=1.0, patience=0)
    easy = Instance("easy", {"difficulty": 0.0})
    search = worlds.Rehearsal(portfolio, worlds.Curve(), [easy], [worlds.Stage("main", ["easy"])])
    search.run(3000)
    makers: dict[str, str] = {}
    for event in search.events:
        if isinstance(event, InstanceAdded) and event.instance is not None:
            assert event.instance.id not in makers
            makers[event.instance.id] = event.instance.id[-1]
    assert Counter(makers.values()).keys() == {"0", "1"}
    for index, member in enumerate(portfolio._members):
        strategy: Any = member.strategy
        joined = {name for name in strategy._steps if name != "easy"}
        assert len(joined) > 4
        assert {makers[name] for name in joined} == {str(index)}
        for name, number in strategy._pairs.items():
            assert name in search.view.instances
            assert search.view.record[number].notes.get("member", str(index)) == str(index)
    assert "easy" in search.view.instances  # each of them has let it go, the problem has not


def test_a_run_of_two_such_members_can_be_replayed(execute: Callable[..., Any], replayed: Callable[..., Any]) -> None:
    settings = "ranges={level=[0.0, 1.0, 0.1]}, criterion=[0.1, 0.97], mastered=0.6, reproduce=2, transfer=2, active=2"
    member = f"{{use='poet', {settings}}}"
    found, folder = execute(
        f"strategy={{use='portfolio', explore=1.0, strategies=[{member}, {member}]}}",
        "budget.evaluations=150",
        count=1,
        score="max(0.0, 1.0 - abs(x - 1.5 - 3 * instance.level))",
    )
    assert found.reason == "budget spent: 150 evaluations"
    assert replayed(folder).differences == []
    database = sqlite3.connect(folder / "record.sqlite")
    rows = database.execute("SELECT body FROM events WHERE kind = 'refused'").fetchall()
    database.close()
    refused = [json.loads(body) for (body,) in rows]
    assert {body["notes"]["member"] for body in refused if body["operator"] == "jiggle"} == {"0", "1"}


def test_it_needs_a_member() -> None:
    with pytest.raises(ValueError, match="at least one strategy"):
        Portfolio(())


def test_what_it_keeps_is_what_its_members_keep_in_turn() -> None:
    portfolio = Portfolio((climbing(), RandomSearch(), climbing()))
    for number, (owner, fitness) in enumerate([("0", 3.0), ("0", 5.0), ("2", 4.0), ("1", 9.0)]):
        trial = make_trial(number, fitness, text=f"x = {number}", notes={"member": owner})
        portfolio.observe(Committed(number, trial), stream(0, number, "strategy"))
    assert [trial.number for trial in portfolio.kept()] == [1, 2, 0]
