"""Reading straight-line programs, and refusing everything else.

What `write` has written is read line by line, which takes a tenth of the time; any other text is parsed as Python.
"""

from __future__ import annotations

import ast
import functools
import keyword
import math
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from evolve.primitives import PrimitiveSet
from evolve.straight.program import Argument, Choice, Statement, StraightProgram
from evolve.straight.signature import NUMBERS, OPERATORS, Signature, signature_of

__all__ = ["MOST_STATEMENTS", "NotStraight", "check", "read"]

MOST_STATEMENTS = 256
_LONGEST = 65_536
_LARGEST_EXACT = 2**53
_NAME = r"[A-Za-z_]\w*"
_LITERAL = r"-?(?:0|[1-9]\d{0,39})(?:\.\d+)?(?:e[+-]?\d{1,4})?|'[^'\\,]*'"
_TERM = rf"(?:{_NAME}|{_LITERAL})"
_HEAD = re.compile(
    rf"(?:from ({_NAME}) import ([\w, ]+)\n\n\n)?"
    rf"def ({_NAME})\(((?:{_NAME}(?:, {_NAME})*)?)\):\n((?:.+\n)*) {{4}}return (.+)\n",
    re.ASCII,
)
_CALL = re.compile(rf" {{4}}({_NAME}) = ({_NAME})\((?:({_TERM}(?:, {_TERM})*))?\)", re.ASCII)
_OPERATION = re.compile(rf" {{4}}({_NAME}) = ({_TERM}) ([+*-]) ({_TERM})", re.ASCII)
_FUNCTIONS = {sign: name for name, sign in OPERATORS.items()}
_SIGNS: dict[type, str] = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply"}


class NotStraight(Exception):
    """A program is no straight-line program of the problem; the text says why, in one line."""


def read(source: str, blocks: PrimitiveSet | Signature) -> StraightProgram:
    """Return a module as a straight-line program, with its types checked.

    A nested expression becomes statements of its own, and `y = x` another name for x.

    Args:
        source: a Python module: imports from the problem's primitives, and the entry function.
        blocks: the problem's.

    Raises:
        NotStraight: it is anything else; the text says what and where.
    """
    return _read(source, blocks if isinstance(blocks, Signature) else signature_of(blocks))


@functools.lru_cache(maxsize=2048)
def _read(source: str, signature: Signature) -> StraightProgram:
    if len(source) > _LONGEST:
        raise NotStraight(f"it has {len(source):,} characters; {_LONGEST:,} are allowed")
    program = _read_canonical(source, signature) or _Reader(signature).read(source)
    check(program, signature)
    return program


def _read_canonical(source: str, signature: Signature) -> StraightProgram | None:
    head = _HEAD.fullmatch(source)
    if head is None:
        return None
    module, imported, entry, parameters, body, results = head.groups()
    known = set(imported.split(", ")) if module == signature.blocks.module else set()
    statements = []
    for line in body.splitlines():
        if call := _CALL.fullmatch(line):
            target, function, arguments = call.groups()
            given = arguments.split(", ") if arguments else []
        elif operation := _OPERATION.fullmatch(line):
            target, left, sign, right = operation.groups()
            function, given = _FUNCTIONS[sign], [left, right]
        else:
            return None
        block = signature.functions.get(function)
        if block is None or len(given) != len(block.parameters) or (call and function not in known):
            return None
        terms = tuple(_term(text, p.type) for text, p in zip(given, block.parameters, strict=True))
        statements.append(Statement(target, function, terms))
    ends = results.split(", ")
    if len(ends) != len(signature.returns) or not all(re.fullmatch(_TERM, text, re.ASCII) for text in ends):
        return None
    returned = tuple(_term(text, type_name) for text, type_name in zip(ends, signature.returns, strict=True))
    return StraightProgram(entry, tuple(filter(None, parameters.split(", "))), tuple(statements), returned)


def _term(text: str, type_name: str) -> Argument:
    if text[0] == "'":
        return Choice(text[1:-1])
    if text[0] == "-" or text[0].isdigit():
        return _number(float(text) if "." in text or "e" in text else int(text), type_name)
    return text


def _number(value: float, type_name: str) -> float:
    """Return a number literal as the type that is wanted there has it: `2` is a float where one is wanted."""
    if not math.isfinite(value) or abs(value) > (_LARGEST_EXACT if isinstance(value, int) else 1e300):
        raise NotStraight("a number is too large")
    return float(value) if type_name == "float" else value


def check(program: StraightProgram, signature: Signature) -> None:
    """Execute a program abstractly, with types in place of values.

    Args:
        program: calls functions that there are, with the right number of arguments.
        signature: of the problem's programs.

    Raises:
        NotStraight: a type, a name or a literal does not fit.
    """
    blocks = signature.blocks
    if program.entry != blocks.entry or len(program.parameters) != len(blocks.arguments):
        wanted = f"{blocks.entry}({', '.join(blocks.arguments)})"
        raise NotStraight(f"it defines {program.entry}({', '.join(program.parameters)}); the entry is {wanted}")
    _check_names([*program.parameters, *(s.target for s in program.statements)], program.parameters, signature)
    if len(program.statements) > MOST_STATEMENTS:
        raise NotStraight(f"it has {len(program.statements)} statements; {MOST_STATEMENTS} are allowed")
    types = dict(zip(program.parameters, blocks.arguments.values(), strict=True))
    for statement in program.statements:
        block = signature.functions[statement.function]
        for argument, parameter in zip(statement.arguments, block.parameters, strict=True):
            if not (type(argument) is str and types.get(argument) == parameter.type):
                misfit = signature.misfit(argument, parameter, types)
                if misfit:
                    raise NotStraight(f"{statement.function}, argument {parameter.name}: {misfit}")
        types[statement.target] = block.returns
    for result, wanted in zip(program.results, signature.returns, strict=True):
        if type(result) is str and result not in types:
            raise NotStraight(f"it returns {result}, which has no value there")
        found = types[result] if type(result) is str else _literal_type(result)
        if found != wanted and not (type(result) is not str and wanted in NUMBERS and found in NUMBERS):
            raise NotStraight(f"it returns {result!s}, a {found}; a {wanted} is wanted")


def _check_names(given: Collection[str], parameters: Collection[str], signature: Signature) -> None:
    """Refuse names that Python would not take, or that would hide a primitive."""
    for name in given:
        if keyword.iskeyword(name) or name.startswith("__") or name in signature.functions:
            raise NotStraight(f"{name} cannot be the name of a value there")
    if len(set(parameters)) < len(parameters):
        raise NotStraight("two parameters have the same name")


def _literal_type(value: Argument) -> str:
    return "text" if isinstance(value, str) else type(value).__name__


@dataclass
class _Reader:
    """Flattens the syntax tree of a module."""

    signature: Signature
    statements: list[Statement] = field(default_factory=list)
    alias: dict[str, Argument] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)

    def read(self, source: str) -> StraightProgram:
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise NotStraight(f"it is not Python: {type(error).__name__}") from None
        self.used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        function = self._entry(tree)
        parameters = tuple(argument.arg for argument in function.args.args)
        self.used.update(parameters)
        body = function.body[1:] if ast.get_docstring(function) is not None else function.body
        if not body or not isinstance(body[-1], ast.Return) or body[-1].value is None:
            raise NotStraight(f"line {function.lineno}: {function.name} does not end in `return` of a value")
        for statement in body[:-1]:
            self._assign(statement)
        returned = body[-1].value
        ends = returned.elts if isinstance(returned, ast.Tuple) else [returned]
        wanted = self.signature.returns
        if len(ends) != len(wanted):
            raise NotStraight(f"line {returned.lineno}: it returns {len(ends)} values; {len(wanted)} are wanted")
        results = tuple(self._value(end, type_name) for end, type_name in zip(ends, wanted, strict=True))
        return StraightProgram(function.name, parameters, tuple(self.statements), results)

    def _entry(self, tree: ast.Module) -> ast.FunctionDef:
        found = None
        for node in tree.body:
            match node:
                case ast.Expr(value=ast.Constant(value=str())):
                    continue
                case ast.ImportFrom(module="__future__", names=[ast.alias(name="annotations")]):
                    continue
                case ast.ImportFrom(module=module, level=0) if module == self.signature.blocks.module:
                    if all(name.asname is None for name in node.names):
                        self.imported.update(name.name for name in node.names)
                        continue
                case ast.FunctionDef(name=name, decorator_list=[]) if name == self.signature.blocks.entry:
                    plain = node.args
                    bare = not (plain.posonlyargs or plain.vararg or plain.kwonlyargs or plain.kwarg or plain.defaults)
                    if found is None and bare:
                        found = node
                        continue
            raise NotStraight(f"line {getattr(node, 'lineno', 1)}: {ast.unparse(node).splitlines()[0][:60]}")
        if found is None:
            raise NotStraight(f"it has no function {self.signature.blocks.entry}")
        return found

    def _assign(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value):
                _check_names([target], (), self.signature)
                before = len(self.statements)
                result = self._value(value, "")
                self.alias.pop(target, None)
                if len(self.statements) > before and target not in self.alias.values():
                    self.statements[-1] = replace(self.statements[-1], target=target)
                elif type(result) is not str or result != target:
                    self.alias[target] = result
            case _:
                raise NotStraight(f"line {node.lineno}: {ast.unparse(node).splitlines()[0][:60]}")

    def _value(self, node: ast.expr, type_name: str) -> Argument:
        """Return the name or literal of an expression, after the statements that compute it."""
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float() as number):
                return _number(number, type_name)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return _number(-number, type_name)
            case ast.Constant(value=str() as text):
                return Choice(text)
            case ast.Name(id=name):
                known = self.alias.get(name, name)
                return known if isinstance(known, str) else _number(known, type_name)
            case ast.BinOp(op=op, left=left, right=right) if type(op) in _SIGNS:
                return self._call(node, _SIGNS[type(op)], [left, right])
            case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
                return self._call(node, function, arguments)
        raise NotStraight(f"line {node.lineno}: {ast.unparse(node).splitlines()[0][:60]}")

    def _call(self, node: ast.expr, function: str, given: list[ast.expr]) -> str:
        block = self.signature.functions.get(function)
        if block is None:
            raise NotStraight(f"line {node.lineno}: {function} is no primitive of the problem")
        if len(given) != len(block.parameters):
            raise NotStraight(f"line {node.lineno}: {function} takes {len(block.parameters)} arguments")
        if isinstance(node, ast.Call) and not {function, "*"} & self.imported:
            raise NotStraight(f"line {node.lineno}: {function} is not imported")
        arguments = tuple(self._value(a, p.type) for a, p in zip(given, block.parameters, strict=True))
        if len(self.statements) >= MOST_STATEMENTS:
            raise NotStraight(f"it has more than {MOST_STATEMENTS} statements")
        target = self._fresh()
        self.statements.append(Statement(target, function, arguments))
        return target

    def _fresh(self) -> str:
        number = len(self.statements)
        while f"x{number}" in self.used:
            number += 1
        self.used.add(f"x{number}")
        return f"x{number}"
