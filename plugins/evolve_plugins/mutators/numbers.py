"""`Numbers`: moves numeric literals in programs of any language, found by their looks alone.

Text in quotes and comments of the usual kinds are left out, and so are indices such as `a[0]`, digits that belong to a
name, and whole numbers in octal or hexadecimal notation. A step is about a third of the number's own size; one literal
in ten jumps anywhere within a decade instead. Programs in Python are left to the operators that read their syntax.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from numpy.random import Generator
from pydantic import Field

from evolve.errors import ProblemError
from evolve.interfaces import Context, Mutator
from evolve.program import Program
from evolve.trial import Proposal, Trial
from evolve_plugins.mutators.literals import around

__all__ = ["Numbers"]

_HIDDEN = re.compile(
    r"""
    "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'   # text in quotes
    | /\*.*?\*/ | //[^\n]*                      # comments of C and its family
    | (?:^|(?<=\s))(?:\#|--|;)(?:\s[^\n]*)?$    # comments of shells, Perl, Lua, Lisp
    | ^\s*\#\s*include[^\n]*
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_NUMBER = re.compile(r"(?<![\w.$@&%\[])((?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?=[fFlLuU]{0,3}(?![\w.]))")
_JUMP = 0.1
_TRIES = 8


@dataclass(frozen=True, slots=True)
class _Literal:
    """Where one numeric literal stands."""

    path: str
    start: int
    stop: int
    text: str


@dataclass
class Numbers(Mutator):
    """Changes one or a few numeric literals of a program in any language but Python.

    Args:
        rate: how many literals change at once, on average, >= 1.
    """

    name: ClassVar[str] = "numbers"
    rate: Annotated[float, Field(ge=1)] = 1.5

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        numbers = tuple(parent.number for parent in parents[:1])
        if not parents:
            return [Proposal.refused("numbers", "it needs a parent", numbers)]
        program, rng = parents[0].program, context.rng
        try:
            found = _literals(program, context.problem.evolvable)
        except ProblemError as error:
            return [Proposal.refused("numbers", str(error), numbers)]
        if not found:
            return [Proposal.refused("numbers", "the parent has no literal to change outside Python files", numbers)]
        for _ in range(_TRIES):
            count = min(len(found), int(rng.geometric(1.0 / self.rate)))
            chosen = sorted(int(i) for i in rng.choice(len(found), count, replace=False))
            child = program.child(_edited(program.files, [found[i] for i in chosen], rng))
            if child != program:
                return [Proposal(child, "numbers", numbers)]
        return [Proposal.refused("numbers", "the child equals its parent", numbers)]


def _literals(program: Program, evolvable: Sequence[str]) -> list[_Literal]:
    """Return the literals in the evolvable text, in order."""
    found: list[_Literal] = []
    for path, text in program:
        if path.endswith(".py") or not any(fnmatch.fnmatchcase(path, pattern) for pattern in evolvable):
            continue
        starts = [0]
        for line in text.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        visible = _HIDDEN.sub(lambda match: " " * len(match.group()), text)
        for region in program.regions(path):
            first, last = starts[region.start], starts[min(region.stop, len(starts) - 1)]
            found += [
                _Literal(path, match.start(1), match.end(1), match.group(1))
                for match in _NUMBER.finditer(visible, first, last)
                if not re.fullmatch(r"0\d+", match.group(1))
            ]
    return found


def _edited(files: Mapping[str, str], chosen: Sequence[_Literal], rng: Generator) -> dict[str, str | None]:
    changes: dict[str, str | None] = {}
    for literal in reversed(chosen):  # from the end, so that the places before stay right
        text = changes.get(literal.path) or files[literal.path]
        changes[literal.path] = text[: literal.start] + _moved(literal.text, rng) + text[literal.stop :]
    return changes


def _moved(text: str, rng: Generator) -> str:
    """Return another literal of the same kind, whole or fractional."""
    whole = text.isdigit()
    value: int | float = int(text) if whole else float(text)
    bounds = around(value)
    new = bounds.draw(rng) if rng.random() < _JUMP else bounds.near(value, rng)
    if whole:
        return str(new)
    said = f"{float(new):g}"
    return said if any(mark in said for mark in ".e") else f"{said}.0"
