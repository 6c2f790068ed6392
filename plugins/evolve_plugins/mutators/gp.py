"""Genetic programming over a problem's typed primitives, written out as readable Python.

Reference: Koza, "Genetic programming", 1992; Montana, "Strongly typed genetic programming", 1995.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import Field

from evolve.interfaces import Context, Mutator, ProblemFacts
from evolve.trial import Proposal, Trial
from evolve_plugins.mutators import breeding
from evolve_plugins.mutators.baking import is_baked
from evolve_plugins.mutators.canonical import NotInSubset, read, write
from evolve_plugins.mutators.grammar import Grammar, Nodes
from evolve_plugins.mutators.offspring import Fruitless, offspring
from evolve_plugins.mutators.source import Source, Unreadable

__all__ = ["GP"]


@dataclass
class GP(Mutator):
    """Grows, recombines and prunes programs made of a problem's primitives.

    Its operators: `fresh` (a random program), `subtree` (a random sub-expression in place of another), `point` (one
    block or literal in place of another of the same type), `shrink` (an expression becomes one of its parts), `wrap`
    (an expression becomes a part of a new one), `loop` (a loop around a new step), `mate` (a sub-expression of
    another parent).

    Args:
        max_nodes: largest size of a tree, in nodes.
        fresh_nodes: largest size of a fresh tree, in nodes.
        attempts: how often to try before giving up.
    """

    max_nodes: Annotated[int, Field(ge=4)] = 60
    fresh_nodes: Annotated[int, Field(ge=4)] = 24
    attempts: Annotated[int, Field(ge=1)] = 20
    purposes: ClassVar[frozenset[str]] = frozenset({"improve", "restart"})
    _grammar: Grammar | None = field(init=False, repr=False, default=None)

    def unfit(self, problem: ProblemFacts) -> str:
        return "" if problem.primitives is not None else "the problem offers no primitives"

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        numbers = tuple(parent.number for parent in parents)
        if reason := self.unfit(context.problem):
            return [Proposal.refused("gp", reason, numbers)]
        wanted = context.operator.partition(".")[2]
        try:
            return [self._propose(parents, context, wanted)]
        except (Unreadable, Fruitless) as error:
            return [Proposal.refused(f"gp.{wanted}" if wanted else "gp", str(error), numbers)]

    def _propose(self, parents: Sequence[Trial], context: Context, wanted: str) -> Proposal:
        grammar, rng = self._known(context.problem), context.rng
        base = parents[0] if parents else context.trial(0)
        tree = None if context.purpose == "restart" and not wanted else _tree(grammar, base, context)
        if wanted == "fresh" or tree is None:
            if wanted not in ("", "fresh"):
                raise Fruitless("the parent is not written in the subset that trees can say")
            nodes = breeding.fresh(grammar, int(rng.integers(4, self.fresh_nodes + 1)), rng)
            source = Source.open(base.program, context.problem)
            source.replace_entry(write(grammar, nodes))
            return offspring(source, "gp.fresh", parents[:1], context)
        mates = [t for t in (*parents[1:], *context.inspirations) if t.number != base.number]
        other = mates[int(rng.integers(len(mates)))] if mates else None
        mate = _tree(grammar, other, context) if other is not None else None
        for _ in range(self.attempts):
            name, child = breeding.vary(grammar, tree, mate, rng, wanted)
            if child != tree and len(child) <= self.max_nodes and breeding.sound(child):
                return self._written(grammar, name, child, base, other, context)
        raise Fruitless("no variation of the right size")

    def _written(
        self, grammar: Grammar, name: str, nodes: Nodes, base: Trial, other: Trial | None, context: Context
    ) -> Proposal:
        source = Source.open(base.program, context.problem)
        text = write(grammar, nodes)
        source.replace_entry(text)
        with_mate = name == "mate" and other is not None
        if with_mate and is_baked(source.function) and other is not None and not is_baked(_without_entry(source)):
            donor = Source.open(other.program, context.problem)
            source.prepend(next(s for s in donor.tree.body if is_baked(s) and s is not donor.function))
        parents = [base, other] if with_mate and other is not None else [base]
        return offspring(source, f"gp.{name}", parents, context)

    def _known(self, problem: ProblemFacts) -> Grammar:
        assert problem.primitives is not None
        if self._grammar is None or self._grammar.blocks is not problem.primitives:
            self._grammar = Grammar(problem.primitives)
        return self._grammar


def _tree(grammar: Grammar, trial: Trial, context: Context) -> Nodes | None:
    try:
        return read(grammar, Source.open(trial.program, context.problem).function)
    except (NotInSubset, Unreadable):
        return None


def _without_entry(source: Source) -> Any:
    import ast

    return ast.Module([s for s in source.tree.body if s is not source.function], [])


