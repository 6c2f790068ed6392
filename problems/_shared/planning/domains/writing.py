"""A planning problem as plain lists, and its PDDL text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Atom", "Draft", "names"]

Atom = tuple[str, ...]
"""A predicate's name, then the names of its objects."""


@dataclass(frozen=True)
class Draft:
    """A problem before it is written.

    Args:
        objects: the names of the objects of each type.
        init: the atoms that are true at the start.
        goal: the atoms that must be true at the end.
    """

    objects: Mapping[str, Sequence[str]]
    init: Sequence[Atom]
    goal: Sequence[Atom]

    def text(self, name: str, domain: str) -> str:
        """Return the problem in PDDL."""
        objects = "\n    ".join(f"{' '.join(members)} - {kind}" for kind, members in self.objects.items() if members)
        return (
            f"(define (problem {name})\n  (:domain {domain})\n  (:objects\n    {objects})\n"
            f"  (:init\n    {_lines(self.init)})\n  (:goal (and\n    {_lines(self.goal)})))\n"
        )


def names(stem: str, count: int) -> list[str]:
    """Return `count` names: the stem, and numbers from 1."""
    return [f"{stem}{number}" for number in range(1, count + 1)]


def _lines(atoms: Iterable[Atom]) -> str:
    return "\n    ".join(f"({' '.join(atom)})" for atom in sorted(set(atoms)))
