"""Writing a straight-line program as canonical Python: one call or operation a line."""

from __future__ import annotations

from evolve.primitives import PrimitiveSet
from evolve.straight.program import Argument, Choice, StraightProgram
from evolve.straight.signature import OPERATORS

__all__ = ["literal", "write"]


def write(program: StraightProgram, blocks: PrimitiveSet) -> str:
    """Return the program as a module: the import of what it calls, and its entry function.

    Args:
        program: what to write.
        blocks: of the problem.
    """
    called = sorted({s.function for s in program.statements if s.function not in OPERATORS})
    lines = [f"from {blocks.module} import {', '.join(called)}", "", ""] if called else []
    lines.append(f"def {program.entry}({', '.join(program.parameters)}):")
    for target, function, arguments in ((s.target, s.function, s.arguments) for s in program.statements):
        texts = [literal(argument) for argument in arguments]
        if function in OPERATORS:
            lines.append(f"    {target} = {texts[0]} {OPERATORS[function]} {texts[1]}")
        else:
            lines.append(f"    {target} = {function}({', '.join(texts)})")
    lines.append(f"    return {', '.join(map(literal, program.results))}")
    return "\n".join(lines) + "\n"


def literal(argument: Argument) -> str:
    """Return an argument as it stands in source text."""
    if type(argument) is str:
        return argument
    return repr(str(argument)) if isinstance(argument, Choice) else repr(argument)
