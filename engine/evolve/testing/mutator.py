"""What every mutator promises."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evolve.interfaces import Mutator, ProblemFacts
from evolve.testing.factories import MemoryContext, make_facts, make_trial
from evolve.trial import Proposal, Trial

__all__ = ["MutatorContract"]

_TEXT = """import math

SCALE = 2.0

# EVOLVE-BLOCK-START
def solve(n=3):
    total = 0.5
    for i in range(n):
        total = total + math.sqrt(i + 1.0) * SCALE
    return total
# EVOLVE-BLOCK-END
"""


class MutatorContract:
    """Subclass it as `TestMine`, and override `make`, and the others where your mutator needs something special."""

    def make(self) -> Mutator:
        """Return a new mutator."""
        raise NotImplementedError("override make() and return a new mutator")

    def facts(self) -> ProblemFacts:
        """Return a problem that the mutator can work on."""
        return make_facts()

    def parents(self) -> Sequence[Trial]:
        """Return two parents that the mutator can work on."""
        return [
            make_trial(0, 2.0, text=_TEXT),
            make_trial(1, 1.0, text=_TEXT.replace("i + 1.0", "i * 3.0")),
        ]

    def solutions(self) -> Mapping[int, Mapping[str, Any]]:
        """Return what the parents' programs answered: plain data by instance id, by trial number."""
        return {}

    def test_it_says_what_it_is_good_for(self) -> None:
        assert self.make().purposes
        assert set(self.make().purposes) <= {"improve", "restart"}

    def test_it_is_fit_for_the_problem_it_is_tested_on(self) -> None:
        assert self.make().unfit(self.facts()) == ""

    def test_it_changes_some_program(self) -> None:
        texts = {parent.program for parent in self.parents()}
        made = [p for seed in range(20) for p in self._propose(self.make(), seed) if p.program is not None]
        assert any(proposal.program not in texts for proposal in made)

    def test_a_proposal_is_a_program_or_a_refusal_with_its_reason(self) -> None:
        for seed in range(10):
            for proposal in self._propose(self.make(), seed):
                assert (proposal.program is None) == bool(proposal.refusal)
                assert "\n" not in proposal.refusal

    def test_a_proposal_names_its_operator_and_only_parents_it_was_given(self) -> None:
        known = {parent.number for parent in self.parents()}
        for seed in range(10):
            for proposal in self._propose(self.make(), seed):
                assert proposal.operator
                assert set(proposal.parents) <= known

    def test_it_leaves_frozen_parts_alone(self) -> None:
        parents = {parent.number: parent.program for parent in self.parents()}
        for seed in range(10):
            for proposal in self._propose(self.make(), seed):
                if proposal.program is not None and proposal.parents:
                    assert proposal.program.frozen_parts() == parents[proposal.parents[0]].frozen_parts()

    def test_the_same_random_stream_gives_the_same_proposals_and_proposing_changes_nothing(self) -> None:
        used = self.make()
        for seed in range(5):
            self._propose(used, seed)
        assert _plain(self._propose(used, 3)) == _plain(self._propose(self.make(), 3))

    def test_the_same_trials_teach_it_the_same(self) -> None:
        one, other = self.make(), self.make()
        parents = self.parents()
        for mutator in (one, other):
            for seed in range(5):
                for proposal in self._propose(self.make(), seed):
                    if proposal.program is not None:
                        child = make_trial(
                            10 + seed,
                            float(seed),
                            operator=proposal.operator,
                            parents=proposal.parents,
                            notes=proposal.notes,
                        )
                        mutator.observe(child, parents[: len(proposal.parents)])
        assert _plain(self._propose(one, 3)) == _plain(self._propose(other, 3))

    def test_a_trial_of_somebody_else_does_no_harm(self) -> None:
        mutator = self.make()
        mutator.observe(make_trial(7, None, operator="somebody else"), [])
        mutator.observe(make_trial(8, 1.0), [])
        assert self._propose(mutator, 1)

    def test_a_fresh_start_gives_a_program_or_a_refusal(self) -> None:
        context = MemoryContext(problem=self.facts(), purpose="restart")
        proposals = asyncio.run(self._ask(self.make(), [], context))
        assert all((proposal.program is None) == bool(proposal.refusal) for proposal in proposals)

    def _propose(self, mutator: Mutator, seed: int) -> Sequence[Proposal]:
        parents = self.parents()
        context = MemoryContext(
            {parent.number: parent for parent in parents},
            self.facts(),
            np.random.default_rng(seed),
            purpose="improve" if "improve" in mutator.purposes else "restart",
            solutions=self.solutions(),
        )
        return asyncio.run(self._ask(mutator, parents, context))

    @staticmethod
    async def _ask(mutator: Mutator, parents: Sequence[Trial], context: MemoryContext) -> Sequence[Proposal]:
        return await mutator.propose(parents, context)


def _plain(proposals: Sequence[Proposal]) -> list[tuple[object, ...]]:
    return [(p.program, p.operator, p.parents, p.refusal) for p in proposals]
