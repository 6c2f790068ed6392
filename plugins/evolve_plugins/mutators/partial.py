"""Bake and thaw: partial evaluation as a variation operator, and its inverse.

Reference: Jones, Gomard, Sestoft, "Partial evaluation and automatic program generation", 1993.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from evolve.interfaces import Context, Mutator, ProblemFacts
from evolve.trial import Proposal, Trial
from evolve_plugins.mutators.baking import bake, fresh_seeds, random_sources, table, thaw
from evolve_plugins.mutators.offspring import Fruitless, offspring
from evolve_plugins.mutators.source import Source, Unreadable

__all__ = ["Bake", "Reseed", "Thaw", "values_of"]


def values_of(trial: Trial, context: Context) -> dict[Any, Any]:
    """Return what a trial's program answered, by entry arguments.

    Raises:
        Fruitless: nothing, or nothing that can be written as a literal.
    """
    assert context.problem.primitives is not None
    facts = context.problem
    found = table(context.solution(trial.number), facts.instances, context.problem.primitives.arguments)
    if not found:
        raise Fruitless("the parent answered nothing that can be baked")
    return found


class _Rewrite(Mutator):
    """What bake, thaw and reseed share: one rewriting of the primary parent's source."""

    name: ClassVar[str]

    def unfit(self, problem: ProblemFacts) -> str:
        return "" if problem.primitives is not None else "the problem offers no primitives"

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        numbers = tuple(parent.number for parent in parents)
        if reason := self.unfit(context.problem) or ("" if parents else "it needs a parent"):
            return [Proposal.refused(self.name, reason, numbers)]
        try:
            source = Source.open(parents[0].program, context.problem)
            self.rewrite(source, parents[0], context)
            return [offspring(source, self.name, parents[:1], context)]
        except (Unreadable, Fruitless) as error:
            return [Proposal.refused(self.name, str(error), numbers)]

    def rewrite(self, source: Source, parent: Trial, context: Context) -> None:
        """Edit the source in place."""
        raise NotImplementedError


@dataclass
class Bake(_Rewrite):
    """Lets the child start where its parent ended, with fresh random seeds so that it does not repeat itself."""

    name: ClassVar[str] = "bake"

    def rewrite(self, source: Source, parent: Trial, context: Context) -> None:
        blocks = context.problem.primitives
        assert blocks is not None
        if not bake(source, values_of(parent, context), blocks):
            raise Fruitless("no expression makes the result out of other types")
        fresh_seeds(source, blocks, context.rng)


@dataclass
class Thaw(_Rewrite):
    """Puts a source back in place of a baked value, with fresh seeds: structure stays, values go.

    A source that draws nothing at random would lead to the same value again, so one that does takes its place.
    """

    name: ClassVar[str] = "thaw"
    purposes: ClassVar[frozenset[str]] = frozenset({"restart"})

    def rewrite(self, source: Source, parent: Trial, context: Context) -> None:
        blocks = context.problem.primitives
        assert blocks is not None
        changed = thaw(source), random_sources(source, blocks, context.rng), fresh_seeds(source, blocks, context.rng)
        if not any(changed):
            raise Fruitless("nothing is baked, and there is no random seed to change")


@dataclass
class Reseed(_Rewrite):
    """Runs the same program with other random seeds."""

    name: ClassVar[str] = "reseed"

    def rewrite(self, source: Source, parent: Trial, context: Context) -> None:
        assert context.problem.primitives is not None
        if not fresh_seeds(source, context.problem.primitives, context.rng):
            raise Fruitless("no random seed to change")
