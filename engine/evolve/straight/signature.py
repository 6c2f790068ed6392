"""`Signature`: what straight-line programs of a problem may call, and what their types are, made for quick look-ups."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from evolve.primitives import Parameter, Primitive, PrimitiveSet
from evolve.straight.program import Argument, Choice

__all__ = ["NUMBERS", "OPERATORS", "Signature", "signature_of"]

OPERATORS = {"add": "+", "subtract": "-", "multiply": "*"}
"""Primitives that mean exactly an operator of Python, and are written with it."""

NUMBERS = ("int", "float", "seed")
"""Types with number literals."""


@dataclass(frozen=True, eq=False)
class Signature:
    """The blocks and types of a problem's straight-line programs. `signature_of` makes one for each problem.

    Args:
        blocks: the problem's primitives and the signature of the entry function.
    """

    blocks: PrimitiveSet
    functions: Mapping[str, Primitive] = field(init=False, repr=False)
    returns: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "functions", {block.name: block for block in self.blocks.primitives})
        text = self.blocks.returns
        several = text.startswith("tuple[")
        parts = text[len("tuple[") : -1].split(",") if several else [text]
        object.__setattr__(self, "returns", tuple(part.strip() for part in parts))

    def choices(self, type_name: str) -> tuple[str, ...]:
        """Return the texts that a literal of a type may be; none for a type that has no literals."""
        return tuple(self.blocks.choices.get(type_name, ()))

    def misfit(self, argument: Argument, parameter: Parameter, types: Mapping[str, str]) -> str:
        """Return why an argument does not fit a parameter, or "".

        Args:
            argument: a name, a choice or a number.
            parameter: of a primitive.
            types: type by name, of the names that have a value there.
        """
        wanted = parameter.type
        if isinstance(argument, Choice):
            fits = argument in self.choices(wanted)
            return "" if fits else f"{str(argument)!r} is no {wanted}"
        if isinstance(argument, str):
            if argument not in types:
                return f"{argument} has no value there"
            return "" if types[argument] == wanted else f"{argument} is a {types[argument]}, not a {wanted}"
        whole = wanted in ("int", "seed")
        if wanted not in NUMBERS or isinstance(argument, int) != whole:
            return f"{argument!r} is no {wanted}"
        if whole and not parameter.low <= argument <= parameter.high:
            return f"{argument!r} is not within {parameter.low:g} and {parameter.high:g}"
        return ""


@functools.lru_cache(maxsize=16)
def signature_of(blocks: PrimitiveSet) -> Signature:
    """Return the signature of a problem's straight-line programs, the same one every time."""
    return Signature(blocks)
