"""What every gate promises."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from evolve.interfaces import Gate, Ruling
from evolve.testing.factories import MemoryContext, make_trial
from evolve.trial import Proposal, Trial

__all__ = ["GateContract"]


class GateContract:
    """Subclass it as `TestMine`, and override `make`, `good` and `bad`."""

    def make(self) -> Gate:
        """Return a new gate."""
        raise NotImplementedError("override make() and return a new gate")

    def parents(self) -> Sequence[Trial]:
        """Return the parents of the proposals."""
        return [make_trial(0)]

    def good(self) -> Sequence[Proposal]:
        """Return proposals that must pass."""
        raise NotImplementedError("override good() and return proposals that must pass")

    def bad(self) -> Sequence[Proposal]:
        """Return proposals that must be turned away."""
        raise NotImplementedError("override bad() and return proposals that must be turned away")

    def test_it_lets_good_proposals_pass(self) -> None:
        assert [self._judge(self.make(), proposal).reason for proposal in self.good()] == [""] * len(self.good())

    def test_it_turns_bad_proposals_away_with_one_line(self) -> None:
        for proposal in self.bad():
            ruling = self._judge(self.make(), proposal)
            assert not ruling.passed
            assert ruling.reason
            assert "\n" not in ruling.reason

    def test_judging_changes_nothing(self) -> None:
        gate = self.make()
        proposals = [*self.good(), *self.bad()]
        first = [self._judge(gate, proposal) for proposal in proposals]
        assert [self._judge(gate, proposal) for proposal in proposals] == first

    def test_any_trial_may_be_observed(self) -> None:
        gate = self.make()
        gate.observe(make_trial(5))
        gate.observe(make_trial(6, None))

    def _judge(self, gate: Gate, proposal: Proposal) -> Ruling:
        parents = self.parents()
        context = MemoryContext({parent.number: parent for parent in parents})

        async def ask() -> Ruling:
            return await gate.judge(proposal, parents, context)

        return asyncio.run(ask())
