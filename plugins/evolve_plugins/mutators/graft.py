"""Graft: run a proven structure from another program's value.

A structure is a program with its literals, seeds and baked values masked. It earns credit each time a trial with it
improves on its parent. A child is the latest program of a well-credited structure, started from the value of the
primary parent, with fresh seeds: methods travel between islands, values stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import Field

from evolve.interfaces import Context, Mutator, ProblemFacts
from evolve.program import Program
from evolve.trial import Proposal, Trial
from evolve_plugins.mutators.baking import bake, fresh_seeds
from evolve_plugins.mutators.offspring import Fruitless, offspring
from evolve_plugins.mutators.partial import values_of
from evolve_plugins.mutators.source import Source, Unreadable

__all__ = ["Graft"]

_TOLERANCE = 1e-7


@dataclass(slots=True)
class _Credit:
    """Wins and CPU seconds of one structure, both fading, and the last program of it that won."""

    wins: float
    cpu_s: float
    when: int
    program: Program


@dataclass
class Graft(Mutator):
    """Gives the primary parent's value as a start to a structure, in proportion to its wins per CPU second.

    Args:
        memory: after how many trials a win counts half.
        structures: how many are remembered; the one tried longest ago is forgotten.
        prior_s: CPU seconds added to every structure's cost, so that one lucky cheap trial does not rule.
        overhead_s: CPU seconds that a trial costs besides its evaluation.
    """

    name: ClassVar[str] = "graft"
    memory: Annotated[float, Field(gt=0)] = 150.0
    structures: Annotated[int, Field(gt=0)] = 256
    prior_s: Annotated[float, Field(gt=0)] = 0.5
    overhead_s: Annotated[float, Field(gt=0)] = 0.03
    _credits: dict[str, _Credit] = field(init=False, repr=False, default_factory=dict)
    _seen: int = field(init=False, repr=False, default=0)

    def unfit(self, problem: ProblemFacts) -> str:
        return "" if problem.primitives is not None else "the problem offers no primitives"

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        numbers = tuple(parent.number for parent in parents)
        blocks = context.problem.primitives
        if blocks is None or not parents or not self._credits:
            return [Proposal.refused("graft", "it needs primitives, a parent and a structure with credit", numbers)]
        known = list(self._credits.values())
        weights = [self._faded(c) * c.wins / (self._faded(c) * c.cpu_s + self.prior_s) for c in known]
        total = sum(weights)
        donor = known[int(context.rng.choice(len(known), p=[w / total for w in weights]))]
        try:
            source = Source.open(donor.program, context.problem)
            if not bake(source, values_of(parents[0], context), blocks):
                raise Fruitless("the structure has no start to replace")
            fresh_seeds(source, blocks, context.rng)
            return [offspring(source, "graft", parents[:1], context)]
        except (Unreadable, Fruitless) as error:
            return [Proposal.refused("graft", str(error), numbers)]

    def observe(self, trial: Trial, parents: Sequence[Trial]) -> None:
        self._seen += 1
        key = trial.notes.get("structure")
        if key is None:
            return
        won = (
            trial.fitness is not None
            and bool(parents)
            and parents[0].fitness is not None
            and trial.fitness > parents[0].fitness + _TOLERANCE * max(1.0, abs(trial.fitness))
        )
        credit = self._credits.pop(key, None)
        if credit is None:
            if won:
                self._credits[key] = _Credit(1.0, trial.cpu_s + self.overhead_s, self._seen, trial.program)
            if len(self._credits) > self.structures:
                del self._credits[next(iter(self._credits))]
            return
        self._credits[key] = credit
        fade = self._faded(credit)
        credit.wins = credit.wins * fade + won
        credit.cpu_s = credit.cpu_s * fade + trial.cpu_s + self.overhead_s
        credit.when = self._seen
        if won:
            credit.program = trial.program

    def _faded(self, credit: _Credit) -> float:
        return float(0.5 ** ((self._seen - credit.when) / self.memory))
