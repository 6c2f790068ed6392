"""What syntax-tree edits work on: the evolvable functions of a source, with places for expressions and statements."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from numpy.random import Generator

from evolve.primitives import Parameter, PrimitiveSet
from evolve_plugins.mutators.baking import TABLE
from evolve_plugins.mutators.inference import Scope, fits, infer, scope_of
from evolve_plugins.mutators.literals import Constant
from evolve_plugins.mutators.source import Source

__all__ = ["Block", "Site", "Workbench"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Site:
    """A place that holds an expression.

    Args:
        parent: the node that holds it.
        name: the field of that node.
        index: its position when the field is a list, else -1.
        scope: names of the function around it.
        line: where it stood when the source was read.
    """

    parent: ast.AST
    name: str
    index: int
    scope: Scope
    line: int

    @property
    def node(self) -> ast.expr:
        """The expression."""
        value = getattr(self.parent, self.name)
        found: ast.expr = value[self.index] if self.index >= 0 else value
        return found

    def put(self, node: ast.expr) -> None:
        """Put another expression there."""
        if self.index >= 0:
            getattr(self.parent, self.name)[self.index] = node
        else:
            setattr(self.parent, self.name, node)

    @property
    def types(self) -> Mapping[str, str]:
        """Types of the names that are defined before it."""
        return self.scope.before(self.line)


@dataclass(frozen=True, slots=True)
class Block:
    """A list of statements that may change, with the names of its function."""

    statements: list[ast.stmt]
    scope: Scope
    function: ast.FunctionDef


@dataclass
class Workbench:
    """An open source with its random stream.

    Args:
        source: what is edited.
        blocks: the problem's primitives, or None.
        rng: the random stream.
    """

    source: Source
    blocks: PrimitiveSet | None
    rng: Generator

    def pick(self, things: Sequence[T]) -> T:
        """Return one of some things at random."""
        return things[int(self.rng.integers(len(things)))]

    def functions(self) -> list[ast.FunctionDef]:
        """Return the functions that lie in evolvable text, or around it."""
        inside = {id(node) for node in self.source.nodes()}
        return [
            node
            for node in ast.walk(self.source.tree)
            if isinstance(node, ast.FunctionDef) and any(id(s) in inside for s in node.body)
        ]

    def scope(self, function: ast.FunctionDef) -> Scope:
        """Return the names of a function."""
        return scope_of(function, self.blocks)

    def sites(self) -> list[Site]:
        """Return the places of all evolvable expressions inside functions."""
        inside = {id(node) for node in self.source.nodes()}
        found: list[Site] = []
        for function in self.functions():
            scope = self.scope(function)
            for statement in function.body:
                found += [site for site in _sites(statement, scope, statement.lineno) if id(site.node) in inside]
        for statement in self.source.tree.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if name != TABLE and id(value) in inside:
                    found += _sites(statement, Scope({}, {}), statement.lineno)
        return found

    def lists(self) -> list[Block]:
        """Return the lists of statements that are evolvable as a whole, and those of suites inside functions."""
        inside = {id(node) for node in self.source.nodes()}
        found: list[Block] = []
        for function in self.functions():
            scope = self.scope(function)
            for node in ast.walk(function):
                for name in ("body", "orelse"):
                    statements = getattr(node, name, None)
                    if isinstance(statements, list) and statements and all(id(s) in inside for s in statements):
                        found.append(Block(statements, scope, function))
        return found

    def value(self, type_name: str, types: Mapping[str, str]) -> ast.expr | None:
        """Return a name in scope of that type, or None."""
        names = [name for name, found in types.items() if fits(found, type_name)]
        return ast.Name(self.pick(names), ast.Load()) if names else None

    def argument(self, parameter: Parameter, types: Mapping[str, str]) -> ast.expr | None:
        """Return an argument for a primitive: a name in scope, or a literal inside its range."""
        if parameter.type in ("seed", "int", "float"):
            if types.get(parameter.name) == parameter.type:
                return ast.Name(parameter.name, ast.Load())
            constant = Constant(parameter.type, parameter.low, parameter.high, parameter.log)
            return ast.Constant(constant.draw(self.rng))
        return self.value(parameter.type, types)

    def call(self, returns: str, types: Mapping[str, str]) -> ast.Call | None:
        """Return a call of a primitive of that result type with fitting arguments, or None."""
        if self.blocks is None:
            return None
        choices = list(self.blocks.returning(returns))
        while choices:
            block = choices.pop(int(self.rng.integers(len(choices))))
            arguments = [self.argument(p, types) for p in block.parameters]
            if all(a is not None for a in arguments):
                return ast.Call(ast.Name(block.name, ast.Load()), [a for a in arguments if a is not None], [])
        return None

    def type_at(self, site: Site) -> str:
        """Return the type of the expression at a place.

        Plain numbers that a primitive takes have types of their own ("seed", "scatter.n", "shake.k"): a seed is no
        count, and neither may stand where the other is wanted.
        """
        found = self._parameter(site)
        if found is not None and found[1].type in ("seed", "int", "float"):
            return "seed" if found[1].type == "seed" else f"{found[0]}.{found[1].name}"
        return infer(site.node, site.types, self.blocks)

    def ranged(self, site: Site) -> Constant | None:
        """Return what the literal at a place may become when it is a primitive's seed or has its range, else None."""
        found = self._parameter(site)
        if found is None:
            return None
        parameter = found[1]
        constant = Constant(parameter.type, parameter.low, parameter.high, parameter.log)
        return constant if parameter.type == "seed" or constant.bounded else None

    def _parameter(self, site: Site) -> tuple[str, Parameter] | None:
        """Return the primitive, and its parameter, whose argument stands at a place."""
        parent = site.parent
        if self.blocks is None or not isinstance(parent, ast.Call) or not isinstance(parent.func, ast.Name):
            return None
        name = parent.func.id
        block = next((b for b in self.blocks.primitives if b.name == name), None)
        if block is None or site.name != "args" or site.index >= len(block.parameters):
            return None
        return name, block.parameters[site.index]


def _sites(node: ast.AST, scope: Scope, line: int) -> Iterator[Site]:
    for name, value in ast.iter_fields(node):
        if name in ("ctx", "func", "targets", "target", "annotation", "returns", "decorator_list", "slice"):
            if name == "func" and isinstance(value, ast.Attribute):
                yield from _sites(value, scope, line)
            continue
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            if isinstance(item, ast.arguments | ast.FunctionDef):
                continue
            if isinstance(item, ast.AST):
                at = getattr(item, "lineno", line)
                text = isinstance(node, ast.Expr) and isinstance(item, ast.Constant)
                stored = isinstance(getattr(item, "ctx", ast.Load()), ast.Store)
                if isinstance(item, ast.expr) and not text and not stored:
                    yield Site(node, name, index if isinstance(value, list) else -1, scope, at)
                yield from _sites(item, scope, at)
