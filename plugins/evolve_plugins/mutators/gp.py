"""Genetic programming over a problem's typed primitives, written out as readable Python.

Reference: Koza, "Genetic programming", 1992; Montana, "Strongly typed genetic programming", 1995.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from evolve.interfaces import Context, Mutator, ProblemFacts
from evolve.trial import Proposal, Trial
from evolve_plugins.mutators.baking import TABLE, is_baked
from evolve_plugins.mutators.offspring import Fruitless, offspring
from evolve_plugins.mutators.source import Source, Unreadable

if TYPE_CHECKING:
    from evolve_plugins.mutators.grammar import Grammar, Nodes

__all__ = ["GP"]


@dataclass
class GP(Mutator):
    """Grows, recombines and prunes programs made of a problem's primitives.

    Its operators: `fresh` (a random program), `subtree` (a random sub-expression in place of another), `point` (one
    block or literal in place of another of the same type), `shrink` (an expression becomes one of its parts), `wrap`
    (an expression becomes a part of a new one), `loop` (a loop around a new step), `mate` (a sub-expression of
    another parent). A parent that is not made of primitives gets a fresh program.

    Args:
        max_nodes: largest size of a tree, in nodes.
        fresh_nodes: largest size of a fresh tree, in nodes.
        attempts: how often to try before giving up.
    """

    name: ClassVar[str] = "gp"
    max_nodes: Annotated[int, Field(ge=4)] = 60
    fresh_nodes: Annotated[int, Field(ge=4)] = 24
    attempts: Annotated[int, Field(ge=1)] = 20
    purposes: ClassVar[frozenset[str]] = frozenset({"improve", "restart"})
    _grammar: Grammar | None = field(init=False, repr=False, default=None)

    def unfit(self, problem: ProblemFacts) -> str:
        return "" if problem.primitives is not None else "the problem offers no primitives"

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        wanted = context.operator.partition(".")[2]
        label = f"gp.{wanted}" if wanted else "gp"
        numbers = tuple(parent.number for parent in parents)
        if reason := self.unfit(context.problem):
            return [Proposal.refused(label, reason, numbers)]
        try:
            return [self._propose(parents, context, wanted)]
        except (Unreadable, Fruitless) as error:
            return [Proposal.refused(label, str(error), numbers)]

    def _propose(self, parents: Sequence[Trial], context: Context, wanted: str) -> Proposal:
        from evolve_plugins.mutators import breeding, canonical

        grammar, rng = self._known(context.problem), context.rng
        base = parents[0] if parents else _first(context)
        source = Source.open(base.program, context.problem)
        fresh = wanted == "fresh" or (context.purpose == "restart" and not wanted)
        tree = None if fresh else _tree(grammar, source)
        if tree is None:
            if wanted not in ("", "fresh"):
                raise Fruitless("the parent is not made of primitives alone")
            nodes = breeding.fresh(grammar, int(rng.integers(4, self.fresh_nodes + 1)), rng)
            source.replace_entry(canonical.write(grammar, nodes))
            return offspring(source, "gp.fresh", parents[:1], context)
        other, donor = _mate(parents, context)
        mate = _tree(grammar, donor) if donor is not None else None
        for _ in range(self.attempts):
            name, child = breeding.vary(grammar, tree, mate, rng, wanted)
            if child != tree and len(child) <= self.max_nodes and breeding.sound(child):
                family = [base, other] if name == "mate" and other is not None else [base]
                source.replace_entry(canonical.write(grammar, child))
                if name == "mate" and donor is not None:
                    _bring_table(source, donor)
                return offspring(source, f"gp.{name}", family, context)
        raise Fruitless(f"no variation of the right size in {self.attempts} attempts")

    def _known(self, problem: ProblemFacts) -> Grammar:
        """Return the grammar, made when it is first needed: importing DEAP takes a while."""
        from evolve_plugins.mutators.grammar import Grammar

        assert problem.primitives is not None
        if self._grammar is None or self._grammar.blocks is not problem.primitives:
            self._grammar = Grammar(problem.primitives)
        return self._grammar


def _first(context: Context) -> Trial:
    """Return the problem's first seed, whose entry function a fresh start replaces."""
    try:
        return context.trial(0)
    except LookupError:
        raise Fruitless("there is no program to start from") from None


def _tree(grammar: Grammar, source: Source) -> Nodes | None:
    from evolve_plugins.mutators.canonical import NotInSubset, read

    try:
        return read(grammar, source.function)
    except NotInSubset:
        return None


def _mate(parents: Sequence[Trial], context: Context) -> tuple[Trial | None, Source | None]:
    """Return a second parent and its source, when there is a readable one."""
    mates = [t for t in (*parents[1:], *context.inspirations) if t.number != parents[0].number]
    if not mates:
        return None, None
    other = mates[int(context.rng.integers(len(mates)))]
    try:
        return other, Source.open(other.program, context.problem)
    except Unreadable:
        return None, None


def _bring_table(source: Source, donor: Source) -> None:
    """Copy the donor's baked values when the child looks some up and has none."""
    tables = [_table(source), _table(donor)]
    if is_baked(source.function) and tables[0] is None and tables[1] is not None:
        source.prepend(copy.deepcopy(tables[1]))


def _table(source: Source) -> ast.Assign | None:
    for statement in source.tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) if name == TABLE:
                return statement
    return None
