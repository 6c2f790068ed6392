"""Partial evaluation on source text: put a value that the program computed in place of the call that makes it.

The table is keyed by the arguments of the entry function, so a baked program stays a program for every argument.

Reference: Jones, Gomard, Sestoft, "Partial evaluation and automatic program generation", 1993.
"""

from __future__ import annotations

import ast
import hashlib
import math
import re
from collections.abc import Mapping
from typing import Any

from numpy.random import Generator

from evolve.instance import Instance
from evolve.primitives import Parameter, Primitive, PrimitiveSet
from evolve_plugins.mutators.literals import SEEDS, Constant, seed_literals
from evolve_plugins.mutators.source import Source, verbatim

__all__ = [
    "TABLE",
    "bake",
    "fresh_seeds",
    "is_baked",
    "key_expression",
    "plain_value",
    "random_sources",
    "structure",
    "table",
    "thaw",
]

TABLE = "BAKED"
"""The module-level name of the table of baked values."""

_LARGEST = 20_000
_ROW = re.compile(r"\], (?=\[)")
_NEW_ROW = "],\n        "


def key_expression(arguments: Mapping[str, str]) -> str:
    """Return how a program looks a baked value up: `n`, or `(a, b)` for several arguments."""
    names = list(arguments)
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def plain_value(value: Any) -> Any:
    """Return a value as numbers, strings, lists and dictionaries, or None when it cannot be written as a literal."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        items = [plain_value(item) for item in value]
        return None if any(item is None for item in items) else items
    if isinstance(value, dict):
        pairs = {key: plain_value(item) for key, item in value.items()}
        return None if any(item is None for item in pairs.values()) else pairs
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, bool | int | str) else None


def table(
    solutions: Mapping[str, Any], instances: Mapping[str, Instance], arguments: Mapping[str, str]
) -> dict[Any, Any]:
    """Return what a program answered, by the arguments it was called with.

    Args:
        solutions: plain values by instance id.
        instances: the instances by id; arguments are found among their parameters by name.
        arguments: the entry function's arguments.
    """
    found: dict[Any, Any] = {}
    for identifier, value in solutions.items():
        params = instances[identifier].params if identifier in instances else {}
        keys = tuple(params[name] for name in arguments if name in params)
        plain = plain_value(value)
        if (
            keys
            and len(keys) == len(arguments)
            and plain is not None
            and all(isinstance(k, int | float | str) for k in keys)
        ):
            found[keys if len(keys) > 1 else keys[0]] = plain
    return found if len(repr(found)) <= 20 * _LARGEST else {}


def is_baked(tree: ast.AST) -> bool:
    """Tell whether a program looks baked values up."""
    return any(isinstance(node, ast.Name) and node.id == TABLE for node in ast.walk(tree))


def bake(source: Source, values: Mapping[Any, Any], blocks: PrimitiveSet) -> bool:
    """Let the program start from known values.

    The expression that first makes the result type out of other types is replaced by
    `BAKED[n] if n in BAKED else <the expression>`; where the program has such a place, only the table is renewed.

    Returns:
        False when there is no such expression outside of loops.
    """
    if not is_baked(source.function):
        place = _producer(source.function, blocks)
        if place is None:
            return False
        key = key_expression(blocks.arguments)
        lookup = ast.parse(f"{TABLE}[{key}] if {key} in {TABLE} else None", mode="eval").body
        assert isinstance(lookup, ast.IfExp)
        lookup.orelse = place
        _Replace(place, lookup).visit(source.function)
    _drop_table(source)
    source.prepend(ast.Assign([ast.Name(TABLE, ast.Store())], verbatim(_literal(values)), lineno=1))
    return True


def thaw(source: Source) -> bool:
    """Put the original expressions back; False when nothing was baked."""
    if not is_baked(source.function):
        return False
    _Thaw().visit(source.function)
    _drop_table(source)
    return True


def fresh_seeds(source: Source, blocks: PrimitiveSet, rng: Generator) -> int:
    """Give every literal seed of a primitive call a new value; return how many there were."""
    changed = 0
    for literal in seed_literals(source.tree, blocks):
        literal.value = int(rng.integers(SEEDS))
        changed += 1
    return changed


def _literal(values: Mapping[Any, Any]) -> str:
    """Return a table as source text: one entry, and one row of an entry, per line."""
    entries = [f"    {key!r}: {_ROW.sub(_NEW_ROW, repr(value))},\n" for key, value in values.items()]
    return "{\n" + "".join(entries) + "}"


def random_sources(source: Source, blocks: PrimitiveSet, rng: Generator) -> int:
    """Put a random source of the same type in place of every one that draws nothing; return how many there were.

    A source is a primitive that makes a value out of numbers, seeds and entry arguments alone.
    """
    sources = {b.name: b for b in blocks.primitives if b.is_source(blocks.arguments)}
    changed = 0
    for node in ast.walk(source.function):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in sources and not _seeded(sources[name]):
                others = [b for b in sources.values() if b.returns == sources[name].returns and _seeded(b)]
                if others:
                    block = others[int(rng.integers(len(others)))]
                    node.func = ast.Name(block.name, ast.Load())
                    node.args, node.keywords = [_plain_argument(p, blocks, rng) for p in block.parameters], []
                    changed += 1
    return changed


def _seeded(block: Primitive) -> bool:
    return any(parameter.type == "seed" for parameter in block.parameters)


def _plain_argument(parameter: Parameter, blocks: PrimitiveSet, rng: Generator) -> ast.expr:
    if blocks.arguments.get(parameter.name) == parameter.type:
        return ast.Name(parameter.name, ast.Load())
    return ast.Constant(Constant(parameter.type, parameter.low, parameter.high, parameter.log).draw(rng))


def structure(tree: ast.AST) -> str:
    """Return a short key of a program with its numbers masked and its baked values left out.

    Programs of equal structure do the same steps with other constants, other seeds, from another start.
    """
    parts: list[str] = []
    _flatten(tree, parts)
    return hashlib.blake2b("".join(parts).encode(), digest_size=8).hexdigest()


def _flatten(node: Any, parts: list[str]) -> None:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) if name == TABLE:
            return
        case ast.IfExp(body=ast.Subscript(value=ast.Name(id=name)), orelse=other) if name == TABLE:
            _flatten(other, parts)
        case ast.Constant(value=value):
            parts.append("#" if isinstance(value, int | float) and not isinstance(value, bool) else repr(value))
        case ast.AST():
            parts.append(type(node).__name__ + "(")
            for name, value in ast.iter_fields(node):
                if name not in ("ctx", "type_comment", "type_params", "kind"):
                    _flatten(value, parts)
            parts.append(")")
        case list():
            for item in node:
                _flatten(item, parts)
        case _:
            parts.append(f"{node},")


def _drop_table(source: Source) -> None:
    for suite in source.suites:
        suite.replace(
            [
                s
                for s in suite.statements
                if not (isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name) and s.targets[0].id == TABLE)
            ]
        )


def _producer(function: ast.FunctionDef, blocks: PrimitiveSet) -> ast.Call | None:
    """Return the first call that makes the result type out of other types, outside of loops."""
    makers = {b.name for b in blocks.primitives if b.returns == blocks.returns}
    types = {b.name: b.returns for b in blocks.primitives}
    results: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=called))):
                if types.get(called) == blocks.returns:
                    results.add(name)
    calls = [
        node
        for statement in function.body
        if not isinstance(statement, ast.For | ast.While | ast.FunctionDef)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in makers
    ]
    for call in sorted(calls, key=lambda c: (c.lineno, -c.col_offset)):
        inner = [n for argument in call.args for n in ast.walk(argument)]
        if not any(isinstance(n, ast.Name) and (n.id in results or n.id in makers) for n in inner):
            return call
    return None


class _Replace(ast.NodeTransformer):
    """Puts one node in place of another, and leaves the old one's inside alone."""

    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        return self.new if node is self.old else super().generic_visit(node)


class _Thaw(ast.NodeTransformer):
    def visit_IfExp(self, node: ast.IfExp) -> Any:
        if TABLE in ast.unparse(node.test):
            return node.orelse
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> Any:
        if TABLE in ast.unparse(node.test):
            return node.orelse
        return self.generic_visit(node)
