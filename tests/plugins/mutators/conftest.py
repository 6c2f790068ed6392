"""A toy problem with typed primitives, and a context to propose in, for tests of operators."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, NewType

import numpy as np
import pytest
from numpy.random import Generator

from evolve.evaluation import Limits
from evolve.instance import Instance
from evolve.interfaces import Mutator, ProblemFacts
from evolve.primitives import PrimitiveSet, Range, Seed, describe, primitive
from evolve.program import Program
from evolve.trial import Proposal, Trial, TrialStatus

Points = NewType("Points", list)
Plan = NewType("Plan", list)


@primitive()
def scatter(n: int, seed: Seed) -> Points:
    """Draw n numbers."""
    return Points(np.random.default_rng(seed).random(n).tolist())


@primitive()
def spread(n: int, step: Annotated[float, Range(0.1, 1.0)]) -> Points:
    """Lay n numbers out evenly."""
    return Points([i * step for i in range(n)])


@primitive()
def settle(points: Points) -> Plan:
    """Turn numbers into a plan."""
    return Plan(sorted(points))


@primitive()
def nudge(
    plan: Plan, k: Annotated[int, Range(1, 5)], size: Annotated[float, Range(0.001, 1.0, log=True)], seed: Seed
) -> Points:
    """Move the first k numbers of a plan."""
    noise = np.random.default_rng(seed).normal(0.0, size, len(plan))
    return Points([p + (float(noise[i]) if i < k else 0.0) for i, p in enumerate(plan)])


@primitive()
def better(a: Plan, b: Plan) -> Plan:
    """Return the plan of the larger sum."""
    return a if sum(a) >= sum(b) else b


BLOCKS = PrimitiveSet(
    "toyblocks", tuple(describe(f) for f in (scatter, spread, settle, nudge, better)), "solve", {"n": "int"}, "Plan"
)
INSTANCES = {f"n{n}": Instance(f"n{n}", {"n": n}) for n in (3, 6)}

NAIVE = '''"""A naive plan."""
import math


def solve(n):
    # one step after the other
    total = 0.5
    plan = []
    for i in range(n):
        total = total + 0.25 * math.sqrt(i)
        plan.append(total)
    return plan
'''
SEARCHING = """from toyblocks import better, nudge, scatter, settle


def solve(n):
    plan = settle(scatter(n, 11))
    for i in range(4):
        plan = better(plan, settle(nudge(plan, 2, 0.1, 17 + i)))
    return plan
"""


@dataclass
class ToyContext:
    problem: ProblemFacts
    rng: Generator
    purpose: str = "improve"
    operator: str = ""
    inspirations: Sequence[Trial] = ()
    best: Trial | None = None
    solutions: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    trials: Mapping[int, Trial] = field(default_factory=dict)

    def solution(self, number: int) -> Mapping[str, Any]:
        return self.solutions.get(number, {})

    def trial(self, number: int) -> Trial:
        return self.trials[number]


class Toy:
    """Everything a test of an operator needs."""

    naive, searching = NAIVE, SEARCHING
    facts = ProblemFacts("toy", "", "maximise", "solve", INSTANCES, BLOCKS, Limits())
    bare = ProblemFacts("toy", "", "maximise", "solve", INSTANCES, None, Limits())

    def trial(self, text: str, number: int = 0, fitness: float | None = 1.0, **rest: Any) -> Trial:
        status = TrialStatus.OK if fitness is not None else TrialStatus.FAILED
        return Trial(
            number, Program({"program.py": text}), fitness=fitness, score=fitness, **{"status": status, **rest}
        )

    def context(self, seed: int = 0, problem: ProblemFacts | None = None, **rest: Any) -> ToyContext:
        return ToyContext(problem or self.facts, np.random.default_rng(seed), **rest)

    def propose(self, mutator: Mutator, parents: Sequence[Trial], context: ToyContext) -> Proposal:
        proposals = asyncio.run(mutator.propose(parents, context))
        assert len(proposals) == 1
        return proposals[0]

    def run(self, text: str, n: int = 6) -> Any:
        names: dict[str, Any] = {}
        exec(compile(text, "program.py", "exec"), names)
        return names["solve"](n)

    def runs(self, text: str) -> bool:
        """Tell whether a program answers with a list that is not empty."""
        try:
            found = self.run(text)
        except Exception:  # noqa: BLE001  # whatever a mutant may raise
            return False
        return isinstance(found, list) and len(found) > 0

    def answers(self, trial: Trial) -> dict[int, dict[str, Any]]:
        return {trial.number: {name: self.run(trial.program.text, i.n) for name, i in INSTANCES.items()}}


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Toy]:
    module = types.ModuleType("toyblocks")
    functions: tuple[Callable[..., Any], ...] = (scatter, spread, settle, nudge, better)
    for function in functions:
        setattr(module, function.__name__, function)
    monkeypatch.setitem(sys.modules, "toyblocks", module)
    return Toy()
