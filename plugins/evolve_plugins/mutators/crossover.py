"""`Crossover`: what one parent does well, put into the other.

Reference: Koza, "Genetic programming", 1992, on sub-expressions; Weimer et al., "Automatically finding patches using
genetic programming", ICSE 2009, on statements.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeVar

from pydantic import Field

from evolve.interfaces import Context, Mutator
from evolve.trial import Proposal, Trial
from evolve_plugins.mutators.inference import fits
from evolve_plugins.mutators.offspring import Fruitless, offspring
from evolve_plugins.mutators.source import Source, Unreadable
from evolve_plugins.mutators.workbench import Workbench

__all__ = ["Crossover"]

Node = TypeVar("Node", bound=ast.AST)


@dataclass
class Crossover(Mutator):
    """Takes a function, a statement or a sub-expression of equal type from a second parent; renames its variables.

    The second parent is the next of the parents, or one of the inspirations.

    Args:
        attempts: how often to try before giving up.
    """

    name: ClassVar[str] = "crossover"
    attempts: Annotated[int, Field(ge=1)] = 12

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        numbers = tuple(parent.number for parent in parents)
        mates = [t for t in [*parents[1:], *context.inspirations] if t.program != parents[0].program] if parents else []
        if not mates:
            return [Proposal.refused("crossover", "it needs two different parents", numbers)]
        mate = mates[int(context.rng.integers(len(mates)))]
        family = [parents[0], mate]
        ways = {"function": _function, "statement": _statement, "expression": _expression}
        wanted = context.operator.partition(".")[2]
        for _ in range(self.attempts):
            name = wanted if wanted in ways else list(ways)[int(context.rng.integers(len(ways)))]
            try:
                mine = Source.open(parents[0].program, context.problem)
                theirs = Source.open(mate.program, context.problem)
                bench = Workbench(mine, context.problem.primitives, context.rng)
                donor = Workbench(theirs, context.problem.primitives, context.rng)
                if ways[name](bench, donor):
                    _bring_helpers(mine, theirs)
                    return [offspring(mine, f"crossover.{name}", family, context)]
            except Fruitless:
                continue
            except Unreadable as error:
                return [Proposal.refused("crossover", str(error), numbers)]
        return [Proposal.refused("crossover", "the parents have nothing to exchange", numbers)]


def _function(bench: Workbench, donor: Workbench) -> bool:
    """Replace a function's body by that of a donor's function of the same name or as many arguments."""
    pairs = [
        (mine, theirs)
        for mine in bench.functions()
        for theirs in donor.functions()
        if len(mine.args.args) == len(theirs.args.args)
        and (mine.name == theirs.name or bench.source.entry not in (mine.name, theirs.name))
        and ast.dump(mine) != ast.dump(theirs)
        and all(bench.source.home(f.name) is not None for f in (mine,))
    ]
    if not pairs:
        return False
    mine, theirs = bench.pick(pairs)
    renames = {b.arg: a.arg for a, b in zip(mine.args.args, theirs.args.args, strict=True)}
    mine.body = [_renamed(s, renames) for s in theirs.body]
    return True


def _statement(bench: Workbench, donor: Workbench) -> bool:
    """Insert a donor's statement, or put it in place of one of ours."""
    given = [
        (b, s)
        for b in donor.lists()
        for s in b.statements
        if isinstance(s, ast.Assign | ast.AugAssign | ast.For | ast.If)
    ]
    places = [(b, i) for b in bench.lists() for i in range(len(b.statements))]
    if not given or not places:
        return False
    theirs, statement = bench.pick(given)
    mine, index = bench.pick(places)
    types = mine.scope.before(mine.statements[index].lineno)
    renames = _fit(bench, statement, theirs.scope.types, types, _made(statement) - set(types))
    if renames is None:
        return False
    new = _renamed(statement, renames)
    if bench.rng.random() < 0.5 and isinstance(mine.statements[index], ast.Assign | ast.AugAssign | ast.For | ast.If):
        mine.statements[index] = new
    else:
        mine.statements.insert(index, new)
    return True


def _expression(bench: Workbench, donor: Workbench) -> bool:
    """Put a donor's expression in place of one of ours of the same type."""
    sites = [(s, bench.type_at(s)) for s in bench.sites() if not isinstance(s.node, ast.Constant)]
    theirs = [(s, donor.type_at(s)) for s in donor.sites() if not isinstance(s.node, ast.Name)]
    pairs = [(s, t) for s, wanted in sites for t, found in theirs if fits(found, wanted) and wanted != "range"]
    if not pairs:
        return False
    site, other = bench.pick(pairs)
    renames = _fit(bench, other.node, other.scope.types, site.types, set())
    if renames is None:
        return False
    site.put(_renamed(other.node, renames))
    return True


def _made(statement: ast.stmt) -> set[str]:
    """Return the names that a statement stores and does not read, apart from the indices of its loops."""
    names = [n for n in ast.walk(statement) if isinstance(n, ast.Name)]
    indices = {n.target.id for n in ast.walk(statement) if isinstance(n, ast.For) and isinstance(n.target, ast.Name)}
    read = {n.id for n in names if isinstance(n.ctx, ast.Load)}
    return {n.id for n in names if isinstance(n.ctx, ast.Store)} - (read - indices)


def _fit(
    bench: Workbench, node: ast.AST, theirs: Mapping[str, str], ours: Mapping[str, str], own: set[str]
) -> dict[str, str] | None:
    """Return a new name for each of a node's local names, or None when one finds no counterpart of its type."""
    renames: dict[str, str] = {}
    for used in sorted({n.id for n in ast.walk(node) if isinstance(n, ast.Name)} & set(theirs)):
        if used in ours and (ours[used] == theirs[used] or not theirs[used]):
            renames[used] = used
            continue
        names = [name for name, found in ours.items() if fits(found, theirs[used])]
        if names:
            renames[used] = bench.pick(names)
        elif used in own:
            renames[used] = used
        else:
            return None
    return renames


class _Rename(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.names.get(node.id, node.id)
        return node


def _renamed(node: Node, names: Mapping[str, str]) -> Node:
    changed: Node = _Rename(names).visit(copy.deepcopy(node))
    return changed


def _bring_helpers(mine: Source, theirs: Source) -> None:
    """Copy the donor's module-level functions, imports and tables that our text now uses and does not have."""
    for _ in range(8):
        bound = _module_names(mine.tree)
        used = {n.id for n in ast.walk(mine.tree) if isinstance(n, ast.Name)}
        missing = [s for s in theirs.tree.body if _defines(s) & (used - bound)]
        if not missing:
            return
        for statement in missing:
            mine.prepend(copy.deepcopy(statement))


def _module_names(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for statement in tree.body:
        found |= _defines(statement)
    return found


def _defines(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.FunctionDef(name=name):
            return {name}
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {(a.asname or a.name).split(".")[0] for a in names}
        case ast.Assign(targets=targets):
            return {t.id for t in targets if isinstance(t, ast.Name)}
    return set()
