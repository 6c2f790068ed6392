"""Gates that remember: minimal criterion, tabu, duplicate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from evolve import Gate, Outcome, Program, Proposal, Trial
from evolve.errors import EvolveError
from evolve.registry import Registry
from evolve.testing import GateContract, MemoryContext, make_trial
from evolve.trial import Scored
from evolve_plugins.gates.duplicate import Duplicate
from evolve_plugins.gates.minimal_criterion import MinimalCriterion
from evolve_plugins.gates.tabu import Tabu

TEXT = "def solve(n):\n    total = n + 1\n    return total\n"
TWIN = "# the same\ndef solve(n):\n    unused = 3\n    x = n + 1  # renamed\n    return x\n"
OTHER = "def solve(n):\n    return n + 2\n"


def child(text: str) -> Proposal:
    return Proposal(Program({"program.py": text}), "test", (0,))


def measured(number: int, score: float = 1.0, *, size: float = 5.0) -> Trial:
    outcome = Outcome.ok(score, metrics={"size": size}, measures={"depth": 2.0, "size": 99.0})
    return replace(make_trial(number, score), outcomes=(Scored("only", "main", outcome),))


def reason(gate: Gate, proposal: Proposal, parents: Sequence[Trial] = ()) -> str:
    return asyncio.run(gate.judge(proposal, parents, MemoryContext())).reason


class TestDuplicateContract(GateContract):
    def make(self) -> Gate:
        gate = Duplicate()
        gate.observe(make_trial(0, text=TEXT))
        return gate

    def good(self) -> Sequence[Proposal]:
        return [child(OTHER), child("not python (")]

    def bad(self) -> Sequence[Proposal]:
        return [child(TEXT), child(TWIN), Proposal.refused("test", "nothing to change")]


class TestTabuContract(GateContract):
    def make(self) -> Gate:
        gate = Tabu()
        gate.observe(make_trial(0, 2.0, text="x = 0\n"))
        gate.observe(make_trial(1, 2.0, text=TEXT, parents=(0,)))
        gate.observe(make_trial(2, None, text="x = 1\n", parents=(0,)))
        gate.observe(make_trial(3, 3.0, text=OTHER, parents=(0,)))
        return gate

    def good(self) -> Sequence[Proposal]:
        return [child(OTHER), child("x = 0\n"), child("x = 2\n")]

    def bad(self) -> Sequence[Proposal]:
        return [child(TEXT), child(TWIN), child("x = 1  # again\n"), Proposal.refused("test", "nothing to change")]


class TestMinimalCriterionContract(GateContract):
    def make(self) -> Gate:
        gate = MinimalCriterion({"score": 0.5}, {"size": 8.0})
        gate.observe(measured(7))
        return gate

    def parents(self) -> Sequence[Trial]:
        return [measured(0), measured(1, -3.0)]

    def good(self) -> Sequence[Proposal]:
        return [child(TEXT), child(OTHER)]

    def bad(self) -> Sequence[Proposal]:
        return [Proposal.refused("test", "nothing to change")]


class TestMinimalCriterionOfAPoorParentContract(TestMinimalCriterionContract):
    def parents(self) -> Sequence[Trial]:
        return [measured(0, 0.1), measured(1)]

    def good(self) -> Sequence[Proposal]:
        return []

    def bad(self) -> Sequence[Proposal]:
        return [child(TEXT), child(OTHER)]


def test_a_duplicate_names_the_first_trial_that_had_the_program() -> None:
    gate = Duplicate()
    gate.observe(make_trial(4, None, text=TEXT))
    gate.observe(make_trial(5, text=TWIN))
    assert reason(gate, child(TWIN)) == "it is the program of trial 4 again"


def test_tabu_says_what_came_of_the_program_and_forgets_it_after_its_tenure() -> None:
    gate = Tabu(tenure=3)
    gate.observe(make_trial(0, 2.0, text="x = 0\n"))
    gate.observe(make_trial(1, 2.0, text=TEXT, parents=(0,)))
    gate.observe(make_trial(2, None, text="x = 1\n", parents=(0,)))
    assert reason(gate, child(TWIN)) == "tabu: as trial 1 it was no better than trial 0"
    assert reason(gate, child("x = 1\n")) == "tabu: as trial 2 it failed (invalid)"
    gate.observe(make_trial(3, text="x = 3\n"))
    assert reason(gate, child(TWIN))
    gate.observe(make_trial(4, text="x = 4\n"))
    assert not reason(gate, child(TWIN))
    assert reason(gate, child("x = 1\n"))


@pytest.mark.parametrize(
    ("parent", "said"),
    [
        (measured(3), ""),
        (measured(3, 0.25), "its parent, trial 3, has score 0.25; at least 0.5 is needed"),
        (measured(3, size=9.0), "its parent, trial 3, has size 9; at most 8 is needed"),
        (make_trial(3), "its parent, trial 3, has no 'size'; it has score"),
        (make_trial(3, None), "its parent, trial 3, is not valid"),
    ],
)
def test_the_criterion_is_on_the_primary_parent(parent: Trial, said: str) -> None:
    gate = MinimalCriterion({"score": 0.5}, {"size": 8.0})
    gate.observe(measured(0))
    assert reason(gate, child(TEXT), [parent, measured(9, -1.0)]) == said
    assert not reason(gate, child(TEXT))


def test_all_pass_until_some_trial_meets_the_criterion() -> None:
    gate = MinimalCriterion(at_least={"depth": 2.0})
    gate.observe(make_trial(0))
    assert not reason(gate, child(TEXT), [make_trial(0)])
    gate.observe(measured(1))
    assert reason(gate, child(TEXT), [make_trial(0)])


def test_bounds_that_nothing_can_meet_are_one_line() -> None:
    with pytest.raises(EvolveError, match="no score can be at least 2 and at most 1"):
        Registry().build("gate", {"use": "minimal_criterion", "at_least": {"score": 2}, "at_most": {"score": 1}})
    for name in ("duplicate", "tabu", "minimal_criterion"):
        assert isinstance(Registry().build("gate", name), Gate)
