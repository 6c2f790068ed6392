"""From an edited source to a proposal: tidy up, write back, and refuse what equals its parent."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from evolve.interfaces import Context
from evolve.program import Program
from evolve.trial import Proposal, Trial
from evolve_plugins.mutators.baking import is_baked, structure
from evolve_plugins.mutators.source import Source

__all__ = ["Fruitless", "offspring"]


class Fruitless(Exception):
    """An operator has nothing to propose; the text says why."""


def offspring(
    source: Source,
    operator: str,
    parents: Sequence[Trial],
    context: Context,
    notes: Mapping[str, Any] | None = None,
) -> Proposal:
    """Write an edited source back as the proposal of an operator.

    The notes say which structure the program has (`structure`) and, when it starts from baked values, that it is an
    improver (`improver`): it improves a value that an earlier program found rather than making one.

    Args:
        source: the edited source of the primary parent's program.
        operator: name of the operator.
        parents: the primary parent first.
        context: of the proposal.
        notes: further notes.

    Raises:
        Fruitless: the program equals its parent's, or is no Python.
    """
    source.tidy(context.problem.primitives)
    if not source.changed:
        raise Fruitless("the child equals its parent")
    child = _written(source)
    noted: dict[str, Any] = {"structure": structure(source.tree), **(notes or {})}
    if is_baked(source.tree):
        noted["improver"] = True
    return Proposal(child, operator, tuple(p.number for p in parents), notes=noted)


def _written(source: Source) -> Program:
    try:
        child = source.write()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd code is a matter for the judge, not for the terminal
            compile(child.files[source.path], source.path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise Fruitless(f"the child is not Python: {type(error).__name__}") from error
    return child
