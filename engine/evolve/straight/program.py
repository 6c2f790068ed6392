"""`StraightProgram`: the statements of a straight-line program, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

__all__ = ["Argument", "Choice", "Statement", "StraightProgram"]


class Choice(str):
    """A literal text among those that a problem offers, such as the name of a predicate. A plain str is a name."""

    __slots__ = ()


Argument: TypeAlias = str | float
"""A name, a `Choice`, or a number."""


@dataclass(frozen=True, slots=True)
class Statement:
    """`target = function(*arguments)`.

    Args:
        target: the name it gives a value to.
        function: name of a primitive.
        arguments: in order.
    """

    target: str
    function: str
    arguments: tuple[Argument, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names that it reads."""
        return tuple(a for a in self.arguments if type(a) is str)


@dataclass(frozen=True, slots=True)
class StraightProgram:
    """An entry function without loops or branches.

    Args:
        entry: its name.
        parameters: names of its arguments.
        statements: in the order in which they run; a later one may give a name a new value.
        results: what it returns, at least one name or number.
    """

    entry: str
    parameters: tuple[str, ...]
    statements: tuple[Statement, ...]
    results: tuple[Argument, ...]

    @property
    def live(self) -> tuple[bool, ...]:
        """For each statement, whether a result depends on it."""
        wanted = {name for name in self.results if type(name) is str}
        alive = []
        for statement in reversed(self.statements):
            needed = statement.target in wanted
            if needed:
                wanted.discard(statement.target)
                wanted.update(statement.names)
            alive.append(needed)
        return tuple(reversed(alive))

    def pruned(self) -> StraightProgram:
        """Return the program without its dead statements."""
        kept = tuple(s for s, alive in zip(self.statements, self.live, strict=True) if alive)
        return self if len(kept) == len(self.statements) else replace(self, statements=kept)

    def slice_for(self, names: Sequence[str]) -> tuple[Statement, ...]:
        """Return the statements that some names depend on at the end, in order."""
        return replace(self, results=tuple(names)).pruned().statements
