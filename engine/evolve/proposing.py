"""Proposing: from an action to programs that have passed the gates, and to the refusals on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from evolve.actions import Propose
from evolve.blaming import blaming
from evolve.interfaces import Context, ProblemFacts
from evolve.messages import ModelError
from evolve.models.switchboard import Switchboard
from evolve.parts import Parts
from evolve.state import ProposalContext, RunState
from evolve.streams import stream
from evolve.trial import Proposal, Trial

__all__ = ["Proposer"]


@dataclass(frozen=True, slots=True)
class Proposer:
    """Asks the mutator, then the gates.

    Args:
        state: of the run; only read.
        parts: the plugins.
        problem: what operators may know.
        seed: of the run.
        switchboard: the way to the models.
    """

    state: RunState
    parts: Parts
    problem: ProblemFacts
    seed: int
    switchboard: Switchboard

    async def propose(self, step: int, action: Propose) -> tuple[list[Proposal], list[Proposal]]:
        """Return the proposals that passed, and those that were refused: these have the tags of the action at once.

        A mutator reads the state before it first waits for anything, so the outcome depends on what was known when
        the action was decided, not on what arrives meanwhile.
        """
        parents = [self.state.trial(number) for number in action.parents]
        inspirations = tuple(self.state.trial(number) for number in action.inspirations)
        rng = stream(self.seed, step, "mutator")
        desk = self.switchboard.desk(step)
        context = ProposalContext(self.problem, rng, action.purpose, action.operator, inspirations, self.state, desk)
        made: list[Proposal] = []
        try:
            with blaming(self.parts.mutator, "propose"):
                proposals = list(await self.parts.mutator.propose(parents, context))
            for proposal in proposals:
                made.append(await self._gated(proposal, parents, context))  # noqa: PERF401 - an error keeps these
        except ModelError as error:
            made.append(Proposal.refused(action.operator or "model", str(error), action.parents))
        if desk.calls and made:
            made = [replace(p, notes={**p.notes, "models": desk.bill(len(made))}) for p in made]
        passed = [proposal for proposal in made if proposal.program is not None]
        refused = [proposal for proposal in made if proposal.program is None]
        if not made:
            refused = [Proposal.refused("", "nothing", action.parents)]
        return passed, [replace(p, notes={**action.tags, **p.notes}) for p in refused]

    async def _gated(self, proposal: Proposal, parents: Sequence[Trial], context: Context) -> Proposal:
        """Return a proposal with what the gates noted, and without its program when one of them turned it away."""
        if proposal.program is None:
            return replace(proposal, refusal=proposal.refusal or "no program")
        for gate in self.parts.gates:
            with blaming(gate, "judge"):
                ruling = await gate.judge(proposal, parents, context)
            if ruling.notes:
                proposal = replace(proposal, notes={**proposal.notes, **ruling.notes})
            if not ruling.passed:
                return replace(proposal, program=None, refusal=ruling.reason or "turned away by a gate")
        return proposal
