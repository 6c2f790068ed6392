"""The funnel: who climbs, when, and what counts as the best."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evolve.errors import ConfigError
from evolve.evaluation import Outcome
from evolve.events import Committed, Measured
from evolve.interfaces import Action, Evaluate, Propose, Strategy
from evolve.replay import replay
from evolve.run import Run
from evolve.testing import MemoryView, StrategyContract, make_trial
from evolve.trial import Scored, Trial, TrialStatus
from evolve_plugins.archives.top_k import TopK
from evolve_plugins.selectors.tournament import Tournament
from evolve_plugins.strategies.funnel import Funnel
from evolve_plugins.strategies.random_search import RandomSearch
from evolve_plugins.strategies.steady_state import SteadyState

STAGES = ("cheap", "dear", "dearest")


class TestFunnel(StrategyContract):
    stages = STAGES

    def make(self) -> Strategy:
        return Funnel(RandomSearch())


def judged(number: int, scores: Sequence[float]) -> Trial:
    """Return a trial with one outcome per stage, as far as there are scores."""
    outcomes = tuple(Scored("only", stage, Outcome.ok(score)) for stage, score in zip(STAGES, scores, strict=False))
    made = make_trial(number, scores[-1])
    return Trial(number, made.program, outcomes=outcomes, status=TrialStatus.OK, score=scores[-1], fitness=scores[-1])


def commit(funnel: Funnel, number: int, score: float) -> None:
    funnel.observe(Committed(number, judged(number, [score])), np.random.default_rng(0))


def measure(funnel: Funnel, number: int, scores: Sequence[float]) -> None:
    trial = judged(number, scores)
    funnel.observe(Measured(number, trial, trial.outcomes[-1]), np.random.default_rng(0))


def decided(funnel: Funnel, free: int = 8, flying: dict[int, Action] | None = None) -> list[tuple[int, str]]:
    view = MemoryView(stages=STAGES, in_flight=flying or {})
    actions = funnel.decide(view, free, np.random.default_rng(0))
    assert len(actions) <= free
    return [(action.trial, action.stage) for action in actions if isinstance(action, Evaluate)]


def test_the_best_share_of_a_rung_climbs_best_first_and_once() -> None:
    funnel = Funnel(RandomSearch(), keep=1 / 3)
    for number, score in enumerate([5.0, 1.0, 4.0, 3.0, 9.0, 2.0]):
        commit(funnel, number, score)
    assert decided(funnel) == [(4, "dear"), (0, "dear")]
    assert decided(funnel, flying={1: Evaluate(4, (), "dear")}) == [(0, "dear")]
    measure(funnel, 4, [9.0, 0.5])
    assert decided(funnel) == [(0, "dear")]


def test_a_higher_rung_goes_first_and_ranks_by_its_own_scores() -> None:
    funnel = Funnel(RandomSearch(), keep=0.5)
    for number in range(4):
        commit(funnel, number, float(number))
    measure(funnel, 3, [3.0, 10.0])
    measure(funnel, 2, [2.0, 20.0])
    assert decided(funnel, free=1) == [(2, "dearest")]  # better than 3 on the second stage


def test_proposals_are_judged_on_the_first_stage_only_and_take_the_slots_that_are_left() -> None:
    funnel = Funnel(RandomSearch(), keep=0.5)
    for number in range(4):
        commit(funnel, number, float(number))
    actions = funnel.decide(MemoryView(stages=STAGES), 5, np.random.default_rng(0))
    assert Counter(type(action) for action in actions) == {Evaluate: 2, Propose: 3}
    assert {action.stages for action in actions if isinstance(action, Propose)} == {("cheap",)}


def test_a_trial_that_fails_higher_up_is_not_tried_again() -> None:
    funnel = Funnel(RandomSearch(), keep=0.5)
    for number in range(4):
        commit(funnel, number, float(number))
    broken = make_trial(3, None)
    funnel.observe(Measured(9, broken, Scored("only", "dear", Outcome.invalid("no"))), np.random.default_rng(0))
    assert decided(funnel) == [(2, "dear")]


def test_a_long_search_sends_about_the_declared_share_up_each_rung() -> None:
    rng = np.random.default_rng(1)
    funnel = Funnel(RandomSearch(), keep=0.25)
    reached = Counter[str]()
    for number in range(2000):
        commit(funnel, number, float(rng.normal()))
        reached["cheap"] += 1
        for climber, stage in decided(funnel):
            reached[stage] += 1
            measure(funnel, climber, [0.0] * STAGES.index(stage) + [float(rng.normal())])
    assert 0.25 <= reached["dear"] / reached["cheap"] < 0.40  # early climbers may fall behind later ones
    assert 0.25 <= reached["dearest"] / reached["dear"] < 0.40


def test_a_trial_that_took_over_its_outcomes_neither_climbs_nor_takes_a_place() -> None:
    funnel = Funnel(RandomSearch(), keep=0.5)
    for number in range(4):
        commit(funnel, number, float(number))
    for number in range(4, 40):
        twin = judged(number, [3.0])
        taken_over = tuple(replace(scored, reused_from=3) for scored in twin.outcomes)
        trial = replace(twin, outcomes=taken_over, status=TrialStatus.REUSED)
        funnel.observe(Committed(number, trial), np.random.default_rng(0))
    assert decided(funnel) == [(3, "dear"), (2, "dear")]


@pytest.mark.parametrize("teach", [True, False])
def test_the_proposing_strategy_learns_from_higher_stages_if_it_is_to(teach: bool) -> None:
    archive = TopK(k=5)
    funnel = Funnel(SteadyState(archive, Tournament()), teach=teach)
    for number in range(3):
        commit(funnel, number, float(number))
    measure(funnel, 0, [0.0, 7.0])
    assert next((trial.number, trial.fitness) for trial in archive) == ((0, 7.0) if teach else (2, 2.0))


def test_one_stage_is_no_funnel() -> None:
    with pytest.raises(ConfigError, match=r"at least two \[\[stages\]\]"):
        Funnel(RandomSearch()).decide(MemoryView(stages=("main",)), 1, np.random.default_rng(0))


TOML = """
[program]
entry = "answer() -> float"
[mutator]
use = "jiggle"
[strategy]
use = "funnel"
strategy = {use = "steady_state", archive = {use = "top_k", k = 5}}
[[stages]]
name = "cheap"
instances = ["a"]
[[stages]]
name = "dear"
instances = ["b*"]
[budget]
trials = 40
"""
JUDGE = """
from evolve import Instance, Outcome

def instances():
    return [Instance("a"), Instance("b1"), Instance("b2")]

def evaluate(candidate, instance):
    x = candidate.call("answer")
    return Outcome.ok(100.0 - abs(x - 3) if instance.id == "a" else -abs(x - 3), solution=x)
"""
PLUGIN = """
from dataclasses import dataclass
from evolve import Mutator, Proposal, hookimpl

@dataclass
class Jiggle(Mutator):
    async def propose(self, parents, context):
        x = float(context.rng.normal(3.0, 1.0))
        child = parents[0].program.child({"program.py": f"def answer():\\n    return {x!r}\\n"})
        return [Proposal(child, "jiggle", (parents[0].number,))]

@hookimpl
def evolve_mutators():
    return {"jiggle": Jiggle}
"""


def test_in_a_run_the_best_is_one_that_went_all_the_way_and_the_run_replays(tmp_path: Path) -> None:
    folder = tmp_path / "stages"
    folder.mkdir()
    seed = "def answer():\n    return 0.5\n"
    for name, text in (("problem.toml", TOML), ("evaluate.py", JUDGE), ("plugin.py", PLUGIN), ("seed.py", seed)):
        (folder / name).write_text(text)
    summary = asyncio.run(Run.create(str(folder), out=tmp_path / "run").execute())
    assert summary.best is not None
    assert -0.6 < summary.best.claimed <= 0.0  # a score of the second stage, though those of the first are larger
    assert summary.evaluations < 40 + 2 * 25  # far from 3 for each trial
    assert asyncio.run(replay(tmp_path / "run")).faithful
