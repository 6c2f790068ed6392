"""The shipped operators keep the promises that every mutator makes."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from typing import Annotated, NewType

import pytest

from evolve.instance import Instance
from evolve.interfaces import Mutator, ProblemFacts
from evolve.primitives import PrimitiveSet, Range, Seed, describe
from evolve.program import Program
from evolve.testing import MemoryContext, MutatorContract, make_facts, make_trial
from evolve.trial import Trial
from evolve_plugins.mutators import MUTATORS
from evolve_plugins.mutators.ast_edit import AstEdit
from evolve_plugins.mutators.baking import thaw
from evolve_plugins.mutators.bandit import Bandit
from evolve_plugins.mutators.canonical import read
from evolve_plugins.mutators.constants import Constants
from evolve_plugins.mutators.crossover import Crossover
from evolve_plugins.mutators.gp import GP
from evolve_plugins.mutators.graft import Graft
from evolve_plugins.mutators.grammar import Grammar
from evolve_plugins.mutators.partial import Bake, Reseed, Thaw
from evolve_plugins.mutators.source import Source

Sketch = NewType("Sketch", list)


def sketch(n: int, seed: Seed) -> Sketch:
    """Draw."""
    return Sketch([n, seed])


def move(sketch: Sketch, size: Annotated[float, Range(0.1, 1.0)], seed: Seed) -> Sketch:
    """Move."""
    return Sketch([*sketch, size, seed])


BLOCKS = PrimitiveSet("blocks", (describe(sketch), describe(move)), "solve", {"n": "int"}, "Sketch")
TREE = """from blocks import move, sketch

# EVOLVE-BLOCK-START
def solve(n):
    found = sketch(n, 1)
    for i in range(3):
        found = move(found, 0.5, 2 + i)
    return found
# EVOLVE-BLOCK-END
"""


class Typed(MutatorContract):
    """The contract on a problem with primitives."""

    def facts(self) -> ProblemFacts:
        return make_facts(primitives=BLOCKS, instances=(Instance("only", {"n": 3}),))

    def parents(self) -> Sequence[Trial]:
        return [make_trial(0, 2.0, text=TREE), make_trial(1, 1.0, text=TREE.replace("0.5", "0.25"))]


class TestAstEditContract(MutatorContract):
    def make(self) -> Mutator:
        return AstEdit()


class TestConstantsContract(MutatorContract):
    def make(self) -> Mutator:
        return Constants()


class TestCrossoverContract(MutatorContract):
    def make(self) -> Mutator:
        return Crossover()


class TestGPContract(Typed):
    def make(self) -> Mutator:
        return GP()


class TestReseedContract(Typed):
    def make(self) -> Mutator:
        return Reseed()


class TestThawContract(Typed):
    def make(self) -> Mutator:
        return Thaw()


class TestBanditContract(Typed):
    def make(self) -> Mutator:
        return Bandit((AstEdit(), Constants(), GP(), Graft(), Crossover(), Bake(), Thaw(), Reseed()))


@pytest.mark.parametrize("name", MUTATORS)
def test_every_name_leads_to_a_mutator_that_goes_by_it(name):
    module, _, path = MUTATORS[name].partition(":")
    cls = getattr(importlib.import_module(module), path)
    assert issubclass(cls, Mutator)
    assert getattr(cls, "name", name) == name


@pytest.mark.parametrize("text", ["def solve(n:", "# EVOLVE-BLOCK-START\ndef solve(n):\n    return 1\n", "x = 1\n"])
@pytest.mark.parametrize("cls", [AstEdit, Constants, Crossover, GP, Thaw, Reseed])
def test_a_program_that_cannot_be_edited_is_refused_in_one_line(cls, text):
    parents = [make_trial(0, text=text), make_trial(1, text=TREE)]
    context = MemoryContext({0: parents[0], 1: parents[1]}, Typed().facts())
    [proposal] = asyncio.run(cls().propose(parents, context))
    assert proposal.program is None
    assert proposal.refusal
    assert "\n" not in proposal.refusal


def test_a_baked_value_with_a_loop_in_its_fallback_is_thawed_whole():
    text = """from blocks import move, sketch
BAKED = {3: [1.0]}


def solve(n):
    if n in BAKED:
        found = BAKED[n]
    else:
        found2 = sketch(n, 1)
        for i in range(2):
            found2 = move(found2, 0.5, 7 + i)
        found = move(found2, 0.25, 9)
    return move(found, 0.75, 4)
"""
    source = Source.open(Program({"program.py": text}), Typed().facts())
    assert read(Grammar(BLOCKS), source.function)[1].name == "baked:Sketch"
    assert thaw(source)
    written = source.write().text
    assert "BAKED" not in written
    assert "    found2 = sketch(n, 1)\n    for i in range(2):" in written
