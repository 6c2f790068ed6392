"""`AstEdit`: small typed edits of the syntax tree of ordinary Python.

Reference: mutation operators as in Offutt et al., "An experimental determination of sufficient mutant operators",
ACM TOSEM 5(2), 1996; statement edits as in Weimer et al., "Automatically finding patches using genetic
programming", ICSE 2009.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from evolve.interfaces import Context, Mutator
from evolve.trial import Proposal, Trial
from evolve_plugins.mutators import expression_edits, statement_edits
from evolve_plugins.mutators.offspring import Fruitless, offspring
from evolve_plugins.mutators.source import Source, Unreadable
from evolve_plugins.mutators.workbench import Workbench

__all__ = ["EDITS", "AstEdit"]

EDITS: Mapping[str, tuple[float, Callable[[Workbench], bool]]] = {
    "constant": (4.0, expression_edits.constant),
    "operator": (2.0, expression_edits.operator),
    "comparison": (1.0, expression_edits.comparison),
    "name": (2.0, expression_edits.name),
    "argument": (2.0, expression_edits.argument),
    "primitive": (2.0, statement_edits.primitive),
    "count": (1.0, statement_edits.count),
    "delete": (1.0, statement_edits.delete),
    "duplicate": (0.5, statement_edits.duplicate),
    "swap": (0.5, statement_edits.swap),
    "wrap": (1.0, statement_edits.wrap),
}
"""Edits by name, with how often each is tried."""


@dataclass
class AstEdit(Mutator):
    """Makes one or a few edits: constants, operators, comparisons, names, arguments, statements, loops, primitives.

    Types are inferred lightly, so most children run. An operator name such as `ast_edit.delete` asks for one edit.

    Args:
        edits: largest number of edits of one child; fewer are likelier.
        attempts: how often to try before giving up.
    """

    name: ClassVar[str] = "ast_edit"
    edits: Annotated[int, Field(ge=1)] = 3
    attempts: Annotated[int, Field(ge=1)] = 12

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        numbers = tuple(parent.number for parent in parents)
        if not parents:
            return [Proposal.refused("ast_edit", "it needs a parent", numbers)]
        wanted = context.operator.partition(".")[2]
        for _ in range(self.attempts):
            try:
                source = Source.open(parents[0].program, context.problem)
                done = self._edit(Workbench(source, context.problem.primitives, context.rng), wanted)
                if done:
                    return [offspring(source, f"ast_edit.{done[0]}", parents[:1], context, {"edits": done})]
            except Fruitless:
                continue
            except Unreadable as error:
                return [Proposal.refused("ast_edit", str(error), numbers)]
        return [Proposal.refused("ast_edit", f"no edit in {self.attempts} attempts changed the program", numbers)]

    def _edit(self, bench: Workbench, wanted: str) -> list[str]:
        """Make edits on the bench; return the names of those that found a place."""
        total = min(int(bench.rng.geometric(0.6)), self.edits)
        names = list(EDITS)
        weights = [EDITS[name][0] for name in names]
        shares = [weight / sum(weights) for weight in weights]
        done: list[str] = []
        for _ in range(total):
            name = wanted if wanted in EDITS else names[int(bench.rng.choice(len(names), p=shares))]
            if EDITS[name][1](bench):
                done.append(name)
                ast.fix_missing_locations(bench.source.tree)
        return done
