"""HGM: who breeds, who is judged, what is chosen, and how it does on agents that edit themselves."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable
from statistics import fmean
from types import ModuleType
from typing import Any, cast

import numpy as np
import pytest

from evolve import Strategy
from evolve.evaluation import Outcome, Status
from evolve.events import Committed, Measured
from evolve.instance import Instance
from evolve.interfaces import Action, Evaluate, Finish, Propose
from evolve.program import Program
from evolve.testing import MemoryView, StrategyContract
from evolve.trial import Scored, Trial, TrialStatus
from evolve_plugins.strategies.hgm import HGM

RNG = np.random.default_rng(1)
TASKS = {f"t{number}": Instance(f"t{number}") for number in range(10)}


class TestHGMContract(StrategyContract):
    def make(self) -> Strategy:
        return HGM(scale=(-1.0, 1.0))


class TestReleasedHGMContract(StrategyContract):
    def make(self) -> Strategy:
        return HGM(evaluations=10, variant="released", leak="clade")


def trial(number: int, parents: tuple[int, ...] = (), scores: Iterable[float | None] = ()) -> Trial:
    """Return a trial that was judged on as many tasks as there are scores; None is a failure."""
    outcomes = tuple(
        Scored(f"t{place}", "", Outcome.invalid("") if score is None else Outcome.ok(score))
        for place, score in enumerate(scores)
    )
    return Trial(number, Program({"program.py": str(number)}), parents, outcomes=outcomes)


def told(strategy: HGM, *trials: Trial) -> MemoryView:
    """Return the view in which a strategy has been told of some trials."""
    view = MemoryView({one.number: one for one in trials}, instances=TASKS)
    for one in trials:
        strategy.observe(Committed(trial=one), RNG)
    return view


def drawn(strategy: HGM, view: MemoryView, count: int = 200) -> Counter[tuple[type[Action], int]]:
    """Count what a strategy asks for, one action at a time, and of whom."""
    found: Counter[tuple[type[Action], int]] = Counter()
    for seed in range(count):
        (action,) = strategy.decide(view, 1, np.random.default_rng(seed))
        found[type(action), action.parents[0] if isinstance(action, Propose) else cast(Evaluate, action).trial] += 1
    return found


def full(*scores: float) -> tuple[float, ...]:
    return scores * (len(TASKS) // len(scores))


def test_who_breeds_is_drawn_by_the_clade_and_not_by_the_program_itself() -> None:
    strategy = HGM()
    good, poor = (1.0,) * 6 + (0.0,) * 2, (1.0,) * 3 + (0.0,) * 7
    view = told(strategy, trial(0, (), full(0.0)), trial(1, (0,), (0.0,)), trial(2, (1,), good), trial(3, (0,), poor))
    view.instances = {}  # there is nothing to judge: it breeds
    breeders = drawn(strategy, view, 400)  # of the clades: 9 of 29, 6 of 9, 6 of 8, 3 of 10
    assert breeders[Propose, 2] > breeders[Propose, 1] > breeders[Propose, 3]
    assert breeders[Propose, 1] > 50


def test_the_draws_come_from_the_beta_distributions_of_the_clades() -> None:
    strategy = HGM(variant="released")
    view = told(strategy, trial(0, (), full(1.0, 0.0)), trial(1, (), full(1.0, 1.0, 1.0, 0.0, 0.0)))
    expected = (RNG.beta(7, 5, 20_000) > RNG.beta(6, 6, 20_000)).mean()
    share = drawn(strategy, view, 2000)[Propose, 1] / 2000
    assert share == pytest.approx(expected, abs=0.035)


def test_the_draws_sharpen_as_the_budget_runs_out() -> None:
    shares = []
    for left in (100, 1):
        strategy = HGM(evaluations=101)
        view = told(strategy, trial(0, (), full(1.0, 0.0)), trial(1, (), full(1.0, 1.0, 1.0, 0.0, 0.0)))
        for _ in range(101 - left):
            strategy.observe(Measured(trial=trial(9), scored=Scored("t0", "", Outcome.ok(0.0))), RNG)
        shares.append(drawn(strategy, view)[Propose, 1] / 200)
    assert shares[0] < 0.8
    assert shares[1] > 0.9


def test_who_is_judged_next_is_drawn_by_its_own_record_or_by_its_clades_when_that_leaks() -> None:
    shares = {}
    for leak in ("none", "clade"):
        strategy = HGM(leak=cast(Any, leak))
        view = told(strategy, trial(0, (), (0.0, 0.0)), trial(1, (0,), full(1.0)), trial(2, (), (1.0, 0.0)))
        judged = drawn(strategy, view)
        shares[leak] = judged[Evaluate, 0] / (judged[Evaluate, 0] + judged[Evaluate, 2])
    assert shares["none"] < 0.3
    assert shares["clade"] > 0.8


def test_children_enter_unjudged_and_an_evaluation_is_one_task_that_the_program_has_not_met() -> None:
    strategy = HGM()
    view = told(strategy, trial(0, (), full(1.0)))
    assert strategy.decide(view, 1, RNG) == [Propose((0,), stages=())]
    told(strategy, trial(1, (0,), (1.0, 0.0, 1.0)))
    view.record[1] = trial(1, (0,), (1.0, 0.0, 1.0))
    for seed in range(30):
        (action,) = strategy.decide(view, 1, np.random.default_rng(seed))
        assert isinstance(action, Evaluate)
        assert action.trial == 1
        assert set(action.instances) <= set(TASKS) - {"t0", "t1", "t2"}


def test_what_is_in_flight_counts_and_nothing_is_asked_for_twice() -> None:
    strategy = HGM(evaluations=6)
    view = told(strategy, trial(0, (), full(1.0)), trial(1, (0,)))
    asked = [action for action in strategy.decide(view, 20, RNG) if isinstance(action, Evaluate)]
    assert len({action.instances for action in asked}) == len(asked) == 6  # 4 of 10 are left: the budget is 6
    view.in_flight = dict(enumerate(asked))
    assert strategy.decide(view, 20, RNG) == []


def test_a_child_is_made_while_the_evaluations_to_the_power_of_alpha_reach_the_number_of_trials(
    worlds: ModuleType,
) -> None:
    done = worlds.Rehearsal(HGM(evaluations=300), worlds.Agents(0.02, 0.0), worlds.TASKS, worlds.STAGED).run(300)
    spent = 0
    sizes = []
    for event in done.events[1:]:
        spent += isinstance(event, Measured)
        if isinstance(event, Committed) and event.trial is not None:
            sizes.append((event.trial.number, spent))
    assert all(spent**0.6 >= number or number == 1 for number, spent in sizes)
    assert all((spent - 1) ** 0.6 < number for number, spent in sizes[1:])
    assert len(sizes) == int(300**0.6)


def test_an_edit_that_failed_costs_nothing_and_a_duplicate_is_neither_judged_nor_bred_from() -> None:
    strategy = HGM()
    same = Trial(1, Program({"a.py": ""}), (0,), status=TrialStatus.REUSED, outcomes=trial(0, (), full(1.0)).outcomes)
    view = told(strategy, trial(0, (), full(1.0)), same)
    assert {who for _, who in drawn(strategy, view)} == {0}


def test_a_failure_counts_as_none_of_a_success_but_not_when_a_worker_died() -> None:
    strategy = HGM(epsilon=0.5)
    told(strategy, trial(0, (), (None, None)), trial(1), trial(2, (), (0.2, 0.2)))
    died = Scored("t0", "", Outcome.failed(Status.INFRASTRUCTURE, "the machine went away"))
    for _ in range(3):
        strategy.observe(Measured(trial=trial(1), scored=died), RNG)
    for _ in range(797):
        strategy.observe(Measured(trial=trial(9), scored=died), RNG)
    (action,) = strategy.decide(MemoryView(), 1, RNG)
    assert isinstance(action, Finish)
    assert action.trial == 1  # nothing is known of it; the others have failed


@pytest.mark.parametrize(("epsilon", "answer"), [(0.5, 1), (0.01, 0)])
def test_the_answer_has_the_highest_quantile(epsilon: float, answer: int) -> None:
    strategy = HGM(evaluations=1, epsilon=epsilon)
    told(strategy, trial(0, (), full(1.0, 1.0, 1.0, 1.0, 0.0)), trial(1, (0,), (1.0, 1.0, 1.0)))
    strategy.observe(Measured(trial=trial(0), scored=Scored("t0", "", Outcome.ok(1.0))), RNG)
    assert strategy.decide(MemoryView(), 1, RNG) == [Finish("all 1 evaluations are spent", answer)]


def test_the_released_variant_breeds_only_from_programs_with_some_success() -> None:
    strategy = HGM(variant="released")
    view = told(strategy, trial(0, (), full(1.0, 0.0)), trial(1, (0,), full(0.0)), trial(2, (1,), (1.0, 0.0)))
    view.instances = {}
    assert {who for _, who in drawn(strategy, view)} == {0, 2}


def test_scores_are_read_on_their_scale_and_in_their_direction() -> None:
    strategy = HGM(scale=(10.0, 2.0), evaluations=1, epsilon=0.5)  # lower is better
    told(strategy, trial(0, (), full(8.0)), trial(1, (), full(3.0)))
    strategy.observe(Measured(trial=trial(0), scored=Scored("t0", "", Outcome.ok(8.0))), RNG)
    assert strategy.decide(MemoryView(), 1, RNG) == [Finish("all 1 evaluations are spent", 1)]


def test_events_of_trials_that_it_was_never_told_of_do_no_harm() -> None:
    strategy = HGM()
    view = told(strategy, trial(3, (1,), full(1.0)), trial(3, (1,), full(1.0)))
    strategy.observe(Measured(trial=trial(7), scored=Scored("t0", "", Outcome.ok(1.0))), RNG)
    view.in_flight = {1: Evaluate(7, ("t1",))}
    assert strategy.decide(view, 1, RNG) == [Propose((3,), stages=())]


@pytest.mark.parametrize("size", [400, 4000])
def test_an_outcome_costs_one_step_per_ancestor_however_many_trials_there_are(
    size: int, steps: Callable[..., int]
) -> None:
    strategy = HGM()
    deep = 100
    for number in range(size):
        told(strategy, trial(number, (number - 1 if number <= deep else 0,) if number else ()))
    for number, ancestors in ((deep, deep), (size - 1, 1)):
        won = Measured(trial=trial(number), scored=Scored("t0", "", Outcome.ok(1.0)))
        assert steps(strategy._lineage, lambda event=won: strategy.observe(event, RNG)) == ancestors + 1


def test_on_agents_that_edit_themselves_it_beats_dgm_which_beats_greed_which_beats_chance(worlds: ModuleType) -> None:
    seeds = {"hgm": 40, "dgm": 320, "greedy": 320, "random": 120}
    found = {name: worlds.skills(name, 0.02, range(count)) for name, count in seeds.items()}
    spans = [worlds.interval(found[name]) for name in seeds]
    assert fmean(found["hgm"]) >= 0.7
    assert all(better[0] > worse[1] for better, worse in itertools.pairwise(spans))


def test_with_several_slots_it_does_as_well(worlds: ModuleType) -> None:
    found = []
    for seed in range(8):
        done = worlds.Rehearsal(HGM(), worlds.Agents(0.02), worlds.TASKS, worlds.STAGED, seed, slots=8).run(800)
        assert done.spent == 800
        found.append(done.traits[done.answer][0])
    assert fmean(found) >= 0.7


def test_a_run_spends_its_budget_gives_its_answer_and_can_be_replayed(
    execute: Callable[..., Any], replayed: Callable[..., Any]
) -> None:
    found, folder = execute("strategy={use='hgm', evaluations=40}")
    assert found.reason == "the strategy finished: all 40 evaluations are spent"
    assert found.evaluations == 48  # 8 of them judged the seed
    assert found.best is not None
    assert found.best.claimed > 0.5
    report = replayed(folder)
    assert report.differences == []
    assert report.decisions > 40
