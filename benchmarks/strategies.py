"""What strategies find in made-up worlds, without a process: seconds where a real run takes hours.

    python benchmarks/strategies.py            # all tables
    python benchmarks/strategies.py agents     # one of: agents, tree, curve

A world says what a child inherits of its parent's hidden traits, and how it does on an instance. The tests in
`tests/plugins/strategies` do the same with fewer seeds.
"""

from __future__ import annotations

import argparse
import itertools
import math
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any

import numpy as np
from numpy.random import Generator
from rehearsal import Rehearsal, Stage

from evolve.actions import Action, Propose
from evolve.evaluation import Outcome
from evolve.events import Committed, Event, InstanceAdded
from evolve.instance import Instance
from evolve.interfaces import Strategy, View
from evolve.trial import Trial
from evolve_plugins.strategies.chain import Chain
from evolve_plugins.strategies.dgm import DGM
from evolve_plugins.strategies.hgm import HGM
from evolve_plugins.strategies.poet import POET
from evolve_plugins.strategies.random_search import RandomSearch
from evolve_plugins.strategies.uct import UCT

# --- agents that edit themselves --------------------------------------------------------------------------------------

TASKS = tuple(Instance(f"task{number}") for number in range(60))
STAGED = (Stage("first", [task.id for task in TASKS[:10]], 0.4), Stage("rest", [task.id for task in TASKS[10:]]))


@dataclass(frozen=True)
class Agents:
    """A skill, the chance to solve a task, and a hidden inherited drift, by which the skills of descendants move.

    Args:
        sigma: how far the drift of a child lies from its parent's.
        broken: share of edits that fail.
    """

    sigma: float
    broken: float = 0.05

    def seed(self) -> tuple[float, float]:
        """Return the first agent: it solves a fifth of the tasks."""
        return 0.2, 0.0

    def child(self, parents: Sequence[tuple[float, float]], rng: Generator) -> tuple[float, float] | None:
        """Return the edited agent."""
        if rng.random() < self.broken:
            return None
        skill, drift = parents[0]
        drift += rng.normal(0.0, self.sigma)
        return min(1.0, max(0.0, skill + drift + rng.normal(0.0, 0.03))), drift

    def judge(self, traits: tuple[float, float], instance: Instance, rng: Generator) -> Outcome:
        """Try a task."""
        return Outcome.ok(float(rng.random() < traits[0]))

    def key(self, traits: tuple[float, float]) -> None:
        """No two agents are the same."""


@dataclass
class Plain(Strategy):
    """A baseline: breed from the agent of highest mean score, or from any.

    Args:
        greedy: from the best; equals are drawn from evenly.
    """

    greedy: bool
    _scores: dict[int, float] = field(default_factory=dict, init=False, repr=False)

    def decide(self, view: View, free: int, rng: Generator) -> Sequence[Action]:
        """Pick a parent."""
        top = max(self._scores.values())
        numbers = [number for number, score in self._scores.items() if score == top or not self.greedy]
        return [Propose((int(rng.choice(numbers)),)) for _ in range(free)]

    def observe(self, event: Event, rng: Generator) -> None:
        """Remember how an agent did."""
        if isinstance(event, Committed) and event.trial is not None:
            self._scores[event.trial.number] = fmean(s.outcome.score or 0.0 for s in event.trial.outcomes)


AGENTS: Mapping[str, Callable[[], Strategy]] = {
    "hgm": HGM,
    "hgm, released": lambda: HGM(variant="released"),
    "hgm, leak": lambda: HGM(leak="clade"),
    "dgm": DGM,
    "greedy": lambda: Plain(greedy=True),
    "random": lambda: Plain(greedy=False),
}


def skills(name: str, sigma: float, seeds: Sequence[int], evaluations: int = 800) -> list[float]:
    """Return the true skill of the agent that a strategy chooses, or else of the best of those judged on all tasks."""

    def judged(trial: Trial) -> float:
        full = len(trial.outcomes) >= len(TASKS)
        return fmean(s.outcome.score or 0.0 for s in trial.outcomes) if full else -1.0

    found = []
    for seed in seeds:
        done = Rehearsal(AGENTS[name](), Agents(sigma), TASKS, STAGED, seed).run(evaluations)
        chosen = done.answer if done.answer is not None else max(done.view.record.values(), key=judged).number
        found.append(done.traits[chosen][0])
    return found


def interval(values: Sequence[float], share: float = 0.95, draws: int = 4000) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a mean."""
    rng = np.random.default_rng(1)
    means = rng.choice(np.array(values), size=(draws, len(values))).mean(axis=1)
    low, high = np.quantile(means, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


# --- a tree of few good leaves ----------------------------------------------------------------------------------------

VISITS = tuple(Instance(f"visit{number}") for number in range(200))


class SparseTree:
    """Prefixes of paths of 5 steps, 4 ways each; judging one completes it at random; 31 of the 1,024 ends are good.

    Args:
        seed: which ends are good.
    """

    depth = 5

    def __init__(self, seed: int) -> None:
        self.good = set(np.random.default_rng([seed, 3]).choice(4**self.depth, size=31, replace=False).tolist())
        self.hits: list[bool] = []

    def seed(self) -> tuple[int, ...]:
        """Return the empty path."""
        return ()

    def child(self, parents: Sequence[tuple[int, ...]], rng: Generator) -> tuple[int, ...] | None:
        """Go one step on."""
        return None if len(parents[0]) == self.depth else (*parents[0], int(rng.integers(4)))

    def judge(self, traits: tuple[int, ...], instance: Instance, rng: Generator) -> Outcome:
        """Go on at random to the end."""
        steps = [*traits, *rng.integers(4, size=self.depth - len(traits)).tolist()]
        self.hits.append(sum(step * 4**place for place, step in enumerate(steps)) in self.good)
        return Outcome.ok(float(self.hits[-1]), metrics={"complete": float(len(traits) == self.depth)})

    def key(self, traits: tuple[int, ...]) -> Hashable:
        """Equal paths are the same program."""
        return traits


def _uct(**settings: Any) -> Callable[[], Strategy]:
    return lambda: UCT(depth=5, visits=len(VISITS), scale=(0.0, 1.0), **settings)


TREES: Mapping[str, Callable[[], Strategy]] = {
    "uct": _uct(),
    "uct, c = 0.7": _uct(c=0.7),
    "uct, c = 1": _uct(c=1.0),
    "uct, c = 1, max": _uct(c=1.0, backup="max"),
    "uct, c = 1, released": _uct(c=1.0, variant="released"),
    "best of n": RandomSearch,
}


def hits(name: str, seeds: Sequence[int]) -> list[list[bool]]:
    """Return for each seed which of 200 visits ended at a good leaf."""
    found = []
    for seed in seeds:
        world = SparseTree(seed)
        if name == "best of n":
            world.key = lambda traits: None  # type: ignore[method-assign]
        Rehearsal(TREES[name](), world, VISITS, [Stage("first", ["visit0"])], seed).run(len(VISITS))
        found.append(world.hits[1:])
    return found


# --- instances along a curve ------------------------------------------------------------------------------------------


class Curve:
    """Points of the plane; an instance's optimum lies on a curve, and 1.2 from it all is flat."""

    def seed(self) -> tuple[float, float]:
        """Return the origin, the optimum of difficulty 0."""
        return 0.0, 0.0

    def child(self, parents: Sequence[tuple[float, float]], rng: Generator) -> tuple[float, float]:
        """Move a little."""
        x, y = parents[0]
        return x + rng.normal(0.0, 0.15), y + rng.normal(0.0, 0.15)

    def judge(self, traits: tuple[float, float], instance: Instance, rng: Generator) -> Outcome:
        """Say how near it is."""
        distance = math.dist(traits, (5.0 * math.sin(math.pi * instance.difficulty), 5.0 * instance.difficulty))
        return Outcome.ok(max(0.0, 1.0 - distance / 1.2))

    def key(self, traits: tuple[float, float]) -> None:
        """No two points are the same."""


SOLVED = 0.8


def poet(seed: int, evaluations: int = 4000, **settings: int) -> tuple[float, Rehearsal]:
    """Return the greatest difficulty that a co-evolved program solves."""
    usual = {"reproduce": 10, "transfer": 5, "active": 8}
    strategy = POET({"difficulty": (0.0, 1.0, 0.1)}, (0.1, 0.9), SOLVED, **{**usual, **settings})
    easy = Instance("easy", {"difficulty": 0.0})
    done = Rehearsal(strategy, Curve(), [easy], [Stage("main", ["easy"])], seed).run(evaluations)
    known = {e.instance.id: e.instance for e in done.events if isinstance(e, InstanceAdded) and e.instance}
    solved = [
        known.get(scored.instance, easy).difficulty
        for trial in done.view.record.values()
        for scored in trial.outcomes
        if (scored.outcome.score or 0.0) >= SOLVED
    ]
    return max(solved), done


def direct(seed: int, difficulty: float, evaluations: int = 4000) -> bool:
    """Tell whether a chain of improvements solves an instance from the origin."""
    hard = Instance("hard", {"difficulty": difficulty})
    done = Rehearsal(Chain("better"), Curve(), [hard], [Stage("main", ["hard"])], seed).run(evaluations)
    return done.view.best is not None and (done.view.best.fitness or 0.0) >= SOLVED


# --- tables -----------------------------------------------------------------------------------------------------------


def agents_table(seeds: int) -> None:
    """Print the true skill of the chosen agent."""
    print("| sigma | strategy | seeds | mean skill | 95 % |\n|---|---|---|---|---|")
    for sigma, name in itertools.product((0.01, 0.02, 0.04, 0.08), AGENTS):
        count = seeds if name.startswith("hgm") else 8 * seeds  # the others take little time
        found = skills(name, sigma, range(count))
        low, high = interval(found)
        print(f"| {sigma} | {name} | {count} | {fmean(found):.3f} | {low:.3f} to {high:.3f} |", flush=True)


def tree_table(seeds: int) -> None:
    """Print how many of 200 visits end well, and when the first does."""
    print("\n| strategy | good of 200 | solved | median first |\n|---|---|---|---|")
    for name in TREES:
        found = hits(name, range(seeds))
        firsts = [path.index(True) + 1 if any(path) else math.inf for path in found]
        good, solved = fmean(map(sum, found)), fmean(map(any, found))
        print(f"| {name} | {good:.1f} | {100 * solved:.1f} % | {median(firsts):g} |", flush=True)


def curve_table(seeds: int) -> None:
    """Print the difficulties that are solved."""
    print("\n| strategy | greatest difficulty solved, each seed | mean |\n|---|---|---|")
    for name, settings in (("poet", {}), ("poet, hardly a transfer", {"transfer": 10**6})):
        found = [poet(seed, **settings)[0] for seed in range(seeds)]
        print(f"| {name} | {', '.join(f'{value:.2f}' for value in found)} | {fmean(found):.3f} |", flush=True)
    for difficulty in (0.1, 0.2, 0.3, 0.5, 0.8, 1.0):
        solved = sum(direct(seed, difficulty) for seed in range(seeds))
        print(f"| direct, difficulty {difficulty} | {solved} of {seeds} seeds | |", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables that were asked for."""
    tables = {"agents": (agents_table, 40), "tree": (tree_table, 150), "curve": (curve_table, 8)}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", choices=[*tables, []], help="which; all of them when none is named")
    parser.add_argument("--seeds", type=int, default=0, help="how many, instead of each table's own number")
    options = parser.parse_args(arguments)
    for name in options.tables or tables:
        started = time.process_time()
        table, seeds = tables[name]
        table(options.seeds or seeds)
        print(f"\n{time.process_time() - started:.1f} s of CPU")


if __name__ == "__main__":
    main()
