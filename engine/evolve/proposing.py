"""Proposing: from an action to programs that have passed the gates, and to the refusals on the way."""

from __future__ import annotations

from dataclasses import dataclass

from evolve.actions import Propose
from evolve.interfaces import ProblemFacts
from evolve.parts import Parts
from evolve.state import ProposalContext, RunState
from evolve.streams import stream
from evolve.trial import Proposal

__all__ = ["Proposer"]


@dataclass(frozen=True, slots=True)
class Proposer:
    """Asks the mutator, then the gates.

    Args:
        state: of the run; only read.
        parts: the plugins.
        problem: what operators may know.
        seed: of the run.
    """

    state: RunState
    parts: Parts
    problem: ProblemFacts
    seed: int

    async def propose(self, step: int, action: Propose) -> tuple[list[Proposal], list[Proposal]]:
        """Return the proposals that passed, and those that were refused.

        A mutator reads the state before it first waits for anything, so the outcome depends on what was known when
        the action was decided, not on what arrives meanwhile.
        """
        parents = [self.state.trial(number) for number in action.parents]
        inspirations = tuple(self.state.trial(number) for number in action.inspirations)
        rng = stream(self.seed, step, "mutator")
        context = ProposalContext(self.problem, rng, action.purpose, action.operator, inspirations, self.state)
        accepted: list[Proposal] = []
        refused: list[Proposal] = []
        for proposal in await self.parts.mutator.propose(parents, context):
            reason = proposal.refusal if proposal.program is None else ""
            for gate in self.parts.gates if not reason else ():
                ruling = await gate.judge(proposal, parents, context)
                if not ruling.passed:
                    reason = ruling.reason or "turned away by a gate"
                    break
            if reason or proposal.program is None:
                refused.append(Proposal.refused(proposal.operator, reason or "no program", proposal.parents))
            else:
                accepted.append(proposal)
        return accepted, refused
