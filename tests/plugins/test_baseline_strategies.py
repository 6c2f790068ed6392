"""Baselines on the same budget with one flag: best of N, and one chain of refinements."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from evolve import Strategy, Trial
from evolve.errors import ConfigError
from evolve.events import Committed, Event, Refused
from evolve.interfaces import Propose
from evolve.overlay import parse_models
from evolve.replay import replay
from evolve.run import Run
from evolve.summary import Summary
from evolve.testing import MemoryView, StrategyContract, make_trial
from evolve_plugins.strategies.best_of_n import BestOfN
from evolve_plugins.strategies.chain import Chain

RNG = np.random.default_rng(1)


class TestBestOfNContract(StrategyContract):
    def make(self) -> Strategy:
        return BestOfN()


class TestBestOfNInRoundsContract(StrategyContract):
    def make(self) -> Strategy:
        return BestOfN(rounds=4, n=7)


class TestChainContract(StrategyContract):
    def make(self) -> Strategy:
        return Chain()


class TestChainWithRestartsContract(StrategyContract):
    def make(self) -> Strategy:
        return Chain(accept="better", patience=3)


class Play:
    """A run in memory: `child` and `refuse` answer the proposal that the strategy makes next."""

    def __init__(self, strategy: Strategy, *seeds: float | None) -> None:
        self.strategy, self.view = strategy, MemoryView()
        for fitness in seeds:
            self._commit(make_trial(self.view.trials, fitness))

    def asked(self, free: int = 1, seed: int = 1) -> list[Propose]:
        actions = self.strategy.decide(self.view, free, np.random.default_rng(seed))
        assert all(isinstance(action, Propose) for action in actions)
        return [action for action in actions if isinstance(action, Propose)]

    def child(self, fitness: float | None) -> int:
        """Let a child finish, and return the number of its parent."""
        (action,) = self.asked()
        trial = make_trial(self.view.trials, fitness, parents=action.parents, operator="edit", notes=action.tags)
        self._commit(trial)
        return action.parents[0]

    def refuse(self) -> None:
        self.strategy.observe(Refused(1, "edit", "nothing"), RNG)

    def _commit(self, trial: Trial) -> None:
        self.view.record[trial.number] = trial
        self.strategy.observe(Committed(trial=trial), RNG)


# --- best of N --------------------------------------------------------------------------------------------------------


def test_best_of_n_always_starts_from_the_seed() -> None:
    play = Play(BestOfN(), 1.0)
    assert [play.child(fitness) for fitness in (5.0, None, 0.5, 9.0, *range(200))] == [0] * 204
    assert {action.parents for action in play.asked(20)} == {(0,)}


def test_best_of_n_draws_among_the_seeds_that_are_valid() -> None:
    play = Play(BestOfN(), 1.0, None, 3.0)
    count = [action.parents for action in play.asked(400)].count((0,))
    assert binom.ppf(0.0005, 400, 0.5) <= count <= binom.ppf(0.9995, 400, 0.5)
    assert {action.parents for action in play.asked(400)} == {(0,), (2,)}


def test_in_rounds_the_best_of_n_children_is_the_next_root() -> None:
    play = Play(BestOfN(rounds=3, n=3), 1.0)
    assert [play.child(fitness) for fitness in (2.0, 4.0, None)] == [0, 0, 0]
    assert [play.child(fitness) for fitness in (3.0, 1.0, 2.0)] == [2, 2, 2]  # none is better
    assert [play.child(fitness) for fitness in (5.0, 6.0, 7.0, 8.0, 9.0)] == [2] * 5  # the last round has no end


def test_a_round_asks_for_n_children_and_waits_for_them() -> None:
    play = Play(BestOfN(rounds=2, n=5), 1.0)
    asked = play.asked(8)
    assert len(asked) == 5
    play.view.in_flight = dict(enumerate(asked))
    assert play.asked(8) == []
    play.view.in_flight = dict(enumerate(asked[:2]))  # three were refused
    assert len(play.asked(8)) == 3
    play.view.in_flight = {}
    for fitness in range(5):
        play.child(float(fitness))
    assert [action.parents for action in play.asked(8)] == [(5,)] * 8


# --- a chain ----------------------------------------------------------------------------------------------------------


def test_a_chain_has_one_step_in_flight() -> None:
    play = Play(Chain(), 1.0)
    assert [action.parents for action in play.asked(8)] == [(0,)]
    play.view.in_flight = {1: Propose((0,))}
    assert play.asked(8) == []


def test_a_chain_goes_on_from_the_latest_valid_child() -> None:
    play = Play(Chain(), 1.0)
    assert [play.child(fitness) for fitness in (2.0, 0.5, None, 3.0, 1.0)] == [0, 1, 2, 2, 4]


def test_a_chain_that_accepts_what_is_better_stays_until_then() -> None:
    play = Play(Chain(accept="better"), 1.0)
    assert [play.child(fitness) for fitness in (2.0, 0.5, None, 2.0, 3.0, 1.0)] == [0, 1, 1, 1, 1, 5]


def test_a_chain_starts_at_the_best_seed_and_again_when_it_has_stalled() -> None:
    play = Play(Chain(patience=3), 1.0, 2.0, None)
    assert [play.child(fitness) for fitness in (1.5, 3.0, 2.5, 2.0, 1.0)] == [1, 3, 4, 5, 6]
    starts = {Play(Chain(patience=1), 1.0, 2.0).asked()[0].parents for _ in range(9)}
    assert starts == {(1,)}
    assert play.child(0.1) in {0, 1}  # three steps did not beat 3.0
    again = set()
    for seed in range(20):
        strategy = Chain(patience=1)
        for number, fitness in enumerate((1.0, 2.0)):
            strategy.observe(Committed(trial=make_trial(number, fitness)), RNG)
        failed = Committed(trial=make_trial(2, None, operator="edit", parents=(1,)))
        strategy.observe(failed, np.random.default_rng(seed))
        (action,) = strategy.decide(MemoryView(), 1, RNG)
        again |= {action.parents} if isinstance(action, Propose) else set()
    assert again == {(0,), (1,)}


def test_a_gain_after_a_restart_is_one_over_the_new_chain() -> None:
    play = Play(Chain(accept="better", patience=2), 1.0)
    assert [play.child(fitness) for fitness in (9.0, 8.0, 8.0)] == [0, 1, 1]
    assert [play.child(fitness) for fitness in (2.0, 1.5, 3.0, 2.0)] == [0, 4, 4, 6]


def test_refusals_try_the_patience_too() -> None:
    play = Play(Chain(patience=2), 1.0)
    assert play.child(2.0) == 0
    play.refuse()
    play.refuse()
    assert play.asked()[0].parents == (0,)


# --- with one flag ----------------------------------------------------------------------------------------------------

TOML = """
[problem]
statement = "Return a number close to 3."
[program]
entry = "answer() -> float"
[mutator]
use = "ast_edit"
{more}
[archive]
use = "top_k"
k = 5
[selector]
use = "tournament"
[budget]
trials = 12
[profile.baseline]
strategy = "chain"
"""
EVALUATE = """
from evolve import Instance, Outcome


def instances():
    return [Instance("only", {})]


def evaluate(candidate, instance):
    return Outcome.ok(-abs(float(candidate.call("answer")) - 3))
"""


@pytest.fixture
def problem(tmp_path: Path) -> Callable[[str], Path]:
    def write(more: str = "") -> Path:
        folder = tmp_path / "near_three"
        folder.mkdir(exist_ok=True)
        (folder / "problem.toml").write_text(TOML.format(more=more))
        (folder / "seed.py").write_text("def answer():\n    return 1.0 + 0.5\n")
        (folder / "evaluate.py").write_text(EVALUATE)
        return folder

    return write


def run(folder: Path, out: Path, *overrides: str, profile: str | None = None) -> tuple[Summary, list[Trial]]:
    trials: list[Trial] = []

    def watch(event: Event) -> None:
        if isinstance(event, Committed) and event.trial is not None:
            trials.append(event.trial)

    made = Run.create(str(folder), overrides=[*overrides, "run.workers=1"], profile=profile, out=out)
    return asyncio.run(made.execute([watch])), trials


def test_best_of_n_needs_one_flag_and_replays(problem: Callable[..., Path], tmp_path: Path) -> None:
    summary, trials = run(problem(), tmp_path / "run", "strategy=best_of_n")
    assert summary.trials == 12
    assert {trial.parents for trial in trials[1:]} == {(0,)}
    report = asyncio.run(replay(tmp_path / "run"))
    assert report.faithful, report.differences


@pytest.mark.parametrize("how", ["flag", "profile"])
def test_a_chain_needs_one_flag_and_replays(problem: Callable[..., Path], tmp_path: Path, how: str) -> None:
    flags: Sequence[str] = ["strategy=chain"] if how == "flag" else []
    summary, trials = run(problem(), tmp_path / "run", *flags, profile="baseline" if how == "profile" else None)
    assert summary.trials == 12
    valid = [trial.number for trial in trials if trial.valid]
    assert [trial.parents[0] for trial in trials[1:]] == [max(n for n in valid if n < t.number) for t in trials[1:]]
    report = asyncio.run(replay(tmp_path / "run"))
    assert report.faithful, report.differences


def created(folder: Path, *overrides: str, models: Sequence[str] = ()) -> Run:
    return Run.create(str(folder), overrides=[*parse_models(models), *overrides])


def test_naming_a_model_asks_for_no_further_flag(problem: Callable[..., Path]) -> None:
    config = created(problem(), "strategy=best_of_n", models=["scripted:random"]).problem.config
    assert (config.archive, config.selector, config.mutator.use) == (None, None, "llm")


def test_what_another_strategy_takes_is_kept(problem: Callable[..., Path]) -> None:
    config = created(problem('[strategy]\nuse = "chain"'), "strategy=steady_state").problem.config
    assert (config.archive, config.selector) == (created(problem()).problem.config.archive, config.selector)
    assert config.selector is not None


@pytest.mark.parametrize(
    ("more", "overrides", "said"),
    [
        ("", ["strategy=chain", "archive.k=3"], "strategy 'chain' takes no archive"),
        ("", ["archive.k=3", "strategy=chain"], "strategy 'chain' takes no archive"),
        ('[strategy]\nuse = "chain"', [], "strategy 'chain' takes no archive"),
        ('[strategy]\nuse = "best_of_n"', ["strategy.n=3"], "strategy 'best_of_n' takes no archive"),
    ],
)
def test_what_is_said_together_must_fit_together(
    problem: Callable[..., Path], tmp_path: Path, more: str, overrides: list[str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        run(problem(more), tmp_path / "run", *overrides)


def test_operators_of_another_mutator_are_left_out_likewise(problem: Callable[..., Path]) -> None:
    folder = problem()
    bandit = 'use = "bandit"\n[[mutators]]\nuse="ast_edit"'
    toml = (folder / "problem.toml").read_text().replace('use = "ast_edit"', bandit)
    (folder / "problem.toml").write_text(toml)
    assert len(created(folder).problem.config.mutators) == 1
    assert created(folder, "mutator=numbers").problem.config.mutators == ()
    assert len(created(folder, "mutator=bandit").problem.config.mutators) == 1
