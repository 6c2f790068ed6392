"""Every shipped operator keeps the contract of its kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from evolve import Instance, Mutator, Trial
from evolve.interfaces import ProblemFacts
from evolve.primitives import Parameter, Primitive, PrimitiveSet
from evolve.testing import MutatorContract, make_facts, make_trial
from evolve_plugins.mutators.ast_edit import AstEdit
from evolve_plugins.mutators.bandit import Bandit
from evolve_plugins.mutators.constants import Constants
from evolve_plugins.mutators.crossover import Crossover
from evolve_plugins.mutators.gp import GP
from evolve_plugins.mutators.graft import Graft
from evolve_plugins.mutators.partial import Bake, Reseed, Thaw

N, SEED = Parameter("n", "int"), Parameter("seed", "seed")
BLOCKS = PrimitiveSet(
    "blocks",
    (
        Primitive("scatter", (N, SEED), "Points", 0.05),
        Primitive("settle", (Parameter("points", "Points"),), "Plan", 0.5),
        Primitive(
            "nudge", (Parameter("plan", "Plan"), Parameter("size", "float", 0.001, 1.0, True), SEED), "Points", 0.05
        ),
        Primitive("better", (Parameter("a", "Plan"), Parameter("b", "Plan")), "Plan", 0.05),
    ),
    "solve",
    {"n": "int"},
    "Plan",
)
TEXT = """from blocks import better, nudge, scatter, settle


def solve(n):
    plan = settle(scatter(n, 11))
    for i in range(4):
        plan = better(plan, settle(nudge(plan, 0.1, 17 + i)))
    return plan
"""
BAKED = """from blocks import better, nudge, scatter, settle

BAKED = {3: [0.5, 0.25, 0.125]}


def solve(n):
    plan = BAKED[n] if n in BAKED else settle(scatter(n, 11))
    plan = better(plan, settle(nudge(plan, 0.2, 5)))
    return plan
"""


class TestAstEditContract(MutatorContract):
    def make(self) -> Mutator:
        return AstEdit()


class TestConstantsContract(MutatorContract):
    def make(self) -> Mutator:
        return Constants()


class TestCrossoverContract(MutatorContract):
    def make(self) -> Mutator:
        return Crossover()


class WithBlocks(MutatorContract):
    def facts(self) -> ProblemFacts:
        return make_facts(primitives=BLOCKS, instances=[Instance("n3", {"n": 3})])

    def parents(self) -> Sequence[Trial]:
        return [make_trial(0, 2.0, text=TEXT), make_trial(1, 1.0, text=BAKED)]

    def solutions(self) -> Mapping[int, Mapping[str, Any]]:
        return {0: {"n3": [0.75, 0.5, math.pi / 4]}, 1: {"n3": [0.1, 0.2, 0.3]}}


class TestGPContract(WithBlocks):
    def make(self) -> Mutator:
        return GP()


class TestBakeContract(WithBlocks):
    def make(self) -> Mutator:
        return Bake()


class TestThawContract(WithBlocks):
    def make(self) -> Mutator:
        return Thaw()

    def parents(self) -> Sequence[Trial]:
        return super().parents()[::-1]


class TestReseedContract(WithBlocks):
    def make(self) -> Mutator:
        return Reseed()


class TestBanditContract(WithBlocks):
    def make(self) -> Mutator:
        return Bandit(mutators=(AstEdit(), Constants(), GP(), Graft(), Crossover(), Bake(), Thaw(), Reseed()))


class TestGraftContract(WithBlocks):
    def make(self) -> Mutator:
        graft = Graft()
        winner = make_trial(5, 3.0, text=TEXT, parents=(1,), operator="gp", notes={"structure": "a loop"})
        graft.observe(winner, self.parents()[1:])
        return graft
