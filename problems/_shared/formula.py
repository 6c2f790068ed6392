"""A straight-line program as people like to read it: without what makes no difference, and as a formula.

For programs whose values are all numbers.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from evolve.primitives import PrimitiveSet, describe, unmetered
from evolve.straight import Argument, NotStraight, Statement, StraightProgram, compile_straight, read

__all__ = ["Language", "formula", "simplify"]

_OPERATORS: dict[str, ast.operator] = {
    "add": ast.Add(),
    "subtract": ast.Sub(),
    "multiply": ast.Mult(),
    "divide": ast.Div(),
    "power": ast.Pow(),
}
_DIGITS = (1, 2, 3, 4, 6)


class Language:
    """A problem's straight-line programs: read, and run in this process.

    Args:
        module: the problem's `primitives.py`.
        entry: signature of the entry function, such as "priority(item: float, room: float) -> float".
    """

    def __init__(self, module: ModuleType, entry: str) -> None:
        (function,) = ast.parse(f"def {entry}: ...").body
        assert isinstance(function, ast.FunctionDef)
        assert function.returns is not None
        blocks = [value for value in vars(module).values() if hasattr(value, "__primitive_cost__")]
        arguments = {a.arg: ast.unparse(a.annotation) for a in function.args.args if a.annotation is not None}
        described = tuple(describe(block) for block in blocks)
        self.blocks = PrimitiveSet("primitives", described, function.name, arguments, ast.unparse(function.returns))
        self.functions = {block.__name__: unmetered(block) for block in blocks}

    def read(self, source: str) -> StraightProgram | None:
        """Return a program without its dead statements, each name given once; None when it is no straight line."""
        try:
            return _named_once(read(source, self.blocks).pruned())
        except NotStraight:
            return None

    def run(self, program: StraightProgram) -> Callable[..., Any]:
        """Return its entry function."""
        return compile_straight(program, self.functions)


def _named_once(program: StraightProgram) -> StraightProgram:
    names = {name: name for name in program.parameters}
    statements: list[Statement] = []
    for statement in program.statements:
        arguments = tuple(_swapped(argument, names) for argument in statement.arguments)
        names[statement.target] = f"t{len(statements) + 1}"
        statements.append(Statement(names[statement.target], statement.function, arguments))
    results = tuple(_swapped(result, names) for result in program.results)
    return replace(program, statements=tuple(statements), results=results)


def _swapped(argument: Argument, names: dict[str, Any]) -> Argument:
    found: Argument = names.get(argument, argument) if type(argument) is str else argument
    return found


def simplify(
    program: StraightProgram, same: Callable[[StraightProgram], bool], digits: Sequence[int] = _DIGITS
) -> StraightProgram:
    """Return a shorter program that does the same: calls give way to one of their arguments, numbers lose digits.

    Args:
        program: as `Language.read` returns it.
        same: tells of a changed program whether it still does what it should.
        digits: how many of a number's digits to try to do with, the fewest first.
    """
    shorter: StraightProgram | None = program
    while shorter is not None:
        program = shorter
        shorter = next((candidate for candidate in _shortened(program) if same(candidate)), None)
    for place, statement in enumerate(program.statements):
        for position, number in enumerate(statement.arguments):
            if type(number) is float:
                program = _rounded(program, place, position, number, same, digits)
    return program


def _shortened(program: StraightProgram) -> Iterator[StraightProgram]:
    """Yield programs in which one statement is gone, the last ones first: they take the most with them."""
    for statement in reversed(program.statements):
        for value in dict.fromkeys((*statement.arguments, 0.0, 1.0)):
            if type(value) in (str, float):
                names = {statement.target: value}
                kept = tuple(
                    replace(s, arguments=tuple(_swapped(a, names) for a in s.arguments))
                    for s in program.statements
                    if s is not statement
                )
                results = tuple(_swapped(result, names) for result in program.results)
                yield replace(program, statements=kept, results=results).pruned()


def _rounded(
    program: StraightProgram,
    place: int,
    position: int,
    number: float,
    same: Callable[[StraightProgram], bool],
    digits: Sequence[int],
) -> StraightProgram:
    for count in digits:
        statement = program.statements[place]
        arguments = list(statement.arguments)
        arguments[position] = float(f"{number:.{count}g}")
        changed = replace(statement, arguments=tuple(arguments))
        candidate = replace(
            program, statements=(*program.statements[:place], changed, *program.statements[place + 1 :])
        )
        if same(candidate):
            return candidate
    return program


def formula(program: StraightProgram, names: tuple[str, ...] = ()) -> str:
    """Return a program as lines of formulas; what is used more than once has a line of its own.

    Args:
        program: as `Language.read` returns it.
        names: of the results; by default the result of a single one is named like the entry.
    """
    uses = Counter(name for s in program.statements for name in s.names)
    uses.update(name for name in program.results if type(name) is str)
    known: dict[str, ast.expr] = {name: ast.Name(name) for name in program.parameters}
    lines = []

    def shown(argument: Argument) -> ast.expr:
        return known[argument] if type(argument) is str else _constant(argument)

    for statement in program.statements:
        expression = _call(statement.function, [shown(argument) for argument in statement.arguments])
        if uses[statement.target] > 1:
            lines.append(f"{statement.target} = {ast.unparse(expression)}")
            expression = ast.Name(statement.target)
        known[statement.target] = expression
    heads = names or (f"{program.entry}({', '.join(program.parameters)})",)
    return "\n".join([*lines, *(f"{h} = {ast.unparse(shown(r))}" for h, r in zip(heads, program.results, strict=True))])


def _constant(number: Argument) -> ast.expr:
    if type(number) is str or isinstance(number, str):
        return ast.Constant(str(number))
    whole = number.is_integer() and abs(number) < 1e6 if isinstance(number, float) else True
    size = ast.Constant(abs(int(number) if whole else number))
    return ast.UnaryOp(ast.USub(), size) if number < 0 else size


def _call(function: str, arguments: list[ast.expr]) -> ast.expr:
    match function, arguments:
        case "where_less", [a, b, x, y]:
            return ast.IfExp(ast.Compare(a, [ast.Lt()], [b]), x, y)
        case "square", [a]:
            return ast.BinOp(a, ast.Pow(), ast.Constant(2))
        case "negate", [a]:
            return ast.UnaryOp(ast.USub(), a)
        case _, [a, b] if function in _OPERATORS:
            return ast.BinOp(a, _OPERATORS[function], b)
    return ast.Call(ast.Name(function), arguments, [])
