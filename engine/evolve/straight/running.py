"""Running a straight-line program in this very process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from evolve.straight.program import Argument, StraightProgram

__all__ = ["compile_straight"]


def compile_straight(program: StraightProgram, functions: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
    """Return the entry function, which calls nothing but the given functions.

    No text of the program's author reaches the compiler: names are numbered, literals are handed over as values.

    Args:
        program: as it was read.
        functions: the problem's primitives by name.
    """
    space: dict[str, Any] = {"__builtins__": {}}
    names = {name: f"p{place}" for place, name in enumerate(program.parameters)}
    head = f"def entry({', '.join(names.values())}):"

    def text(argument: Argument) -> str:
        if type(argument) is str:
            return names[argument]
        name = f"c{len(space)}"
        space[name] = str(argument) if isinstance(argument, str) else argument
        return name

    lines = [head]
    for place, statement in enumerate(program.pruned().statements):  # dead ones compute nothing that is returned
        arguments = ", ".join(text(argument) for argument in statement.arguments)
        space[f"f_{statement.function}"] = functions[statement.function]
        lines.append(f" v{place} = f_{statement.function}({arguments})")
        names[statement.target] = f"v{place}"
    lines.append(f" return {', '.join(text(result) for result in program.results)}")
    exec(compile("\n".join(lines), "<straight-line program>", "exec"), space)
    entry: Callable[..., Any] = space["entry"]
    return entry
