"""The dataflow key: what the results are computed from, whatever the names, the order and the dead statements.

Reference: Chen et al., "Symbolic discovery of optimization algorithms", arXiv:2302.06675, 2023, section 2.2. Unlike
there, the order of the arguments of commutative functions does not count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from evolve.straight.program import Argument, StraightProgram
from evolve.straight.writing import literal

__all__ = ["dataflow_key"]


def dataflow_key(program: StraightProgram, commutative: Collection[str] = ()) -> str:
    """Return a key that programs share when the same graph of calls leads from their arguments to their results.

    Args:
        program: the program.
        commutative: functions that take their arguments in any order.
    """
    nodes: dict[tuple[str, ...], str] = {}
    values = {name: f"${place}" for place, name in enumerate(program.parameters)}

    def value(argument: Argument) -> str:
        return values[argument] if type(argument) is str else literal(argument)

    for statement, alive in zip(program.statements, program.live, strict=True):
        if not alive:
            continue
        arguments = [value(argument) for argument in statement.arguments]
        if statement.function in commutative:
            arguments.sort()
        node = (statement.function, *arguments)
        if node not in nodes:
            nodes[node] = hashlib.blake2b("\0".join(node).encode(), digest_size=12).hexdigest()
        values[statement.target] = nodes[node]
    whole = "\0".join(value(result) for result in program.results)
    return f"d:{hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()}"
