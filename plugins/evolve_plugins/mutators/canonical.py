"""Trees as readable Python, and back: the subset of the language that genetic programming works in.

A tree becomes one function of assignments, `for i in range(k)` loops and nested calls of primitives; a baked value is
`BAKED[n] if n in BAKED else <the expression it stands for>`. Reading accepts whatever has that shape (also when a
person or a model wrote it), so `read(write(tree)) == tree`, and raises `NotInSubset` for everything else.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from evolve_plugins.mutators.baking import TABLE, key_expression
from evolve_plugins.mutators.grammar import Grammar, Nodes

__all__ = ["NotInSubset", "read", "write"]

_INDICES = "ijklmnopq"
_STRIDE = 97
_WIDE = 76


class NotInSubset(Exception):
    """The function is ordinary Python, but not of the shape that trees are written in."""


# --- writing --------------------------------------------------------------------------------------------------------


@dataclass
class _Writer:
    grammar: Grammar
    lines: list[str] = field(default_factory=list)
    indent: int = 1
    used: dict[str, int] = field(default_factory=dict)

    def write(self, nodes: Nodes) -> list[str]:
        text = self.value(iter(nodes), "", ())
        self.line(f"return {text}")
        return self.lines

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    def fresh(self, type_name: str) -> str:
        base = "".join(c if c.isalnum() else "_" for c in type_name).lower()
        if base in self.grammar.blocks.arguments or any(b.name == base for b in self.grammar.blocks.primitives):
            base += "_value"
        self.used[base] = self.used.get(base, 0) + 1
        return base if self.used[base] == 1 else f"{base}{self.used[base]}"

    def value(self, nodes: Iterator[Any], running: str, indices: tuple[str, ...]) -> str:
        node = next(nodes)
        family, _, rest = str(node.name).partition(":")
        if family == "loop":
            return self.loop(rest.split("@")[0], nodes, running, indices)
        if family == "baked":
            return self.baked(rest, nodes)
        if family == "running":
            return running
        if family == "argument":
            return rest
        if not hasattr(node, "args"):
            if isinstance(node.value, str):
                return node.value.partition("@")[0]
            if node.ret is self.grammar.kind_named("seed"):
                return self.seed(int(node.value), indices)
            return repr(node.value)
        return self.call(node, nodes, running, indices)

    def call(self, node: Any, nodes: Iterator[Any], running: str, indices: tuple[str, ...]) -> str:
        block = self.grammar.blocks[node.name.partition("@")[0]]
        parts = [self.value(nodes, running, indices) for _ in node.args]
        if sum(map(len, parts)) + len(block.name) > _WIDE:
            longest = max(range(len(parts)), key=lambda k: len(parts[k]))
            if "(" in parts[longest]:
                name = self.fresh(block.parameters[longest].type)
                self.line(f"{name} = {parts[longest]}")
                parts[longest] = name
        return f"{block.name}({', '.join(parts)})"

    def seed(self, value: int, indices: tuple[str, ...]) -> str:
        terms = [str(value)]
        for depth, index in enumerate(reversed(indices)):
            terms.append(index if depth == 0 else f"{_STRIDE**depth} * {index}")
        return " + ".join(terms)

    def loop(self, type_name: str, nodes: Iterator[Any], running: str, indices: tuple[str, ...]) -> str:
        count = next(nodes).value
        start = self.value(nodes, running, indices)
        carried = start
        if not start.isidentifier() or start == running or start in self.grammar.blocks.arguments:
            carried = self.fresh(type_name)
            self.line(f"{carried} = {start}")
        index = _INDICES[len(indices)]
        self.line(f"for {index} in range({count}):")
        self.indent += 1
        self.line(f"{carried} = {self.value(nodes, carried, (*indices, index))}")
        self.indent -= 1
        return carried

    def baked(self, type_name: str, nodes: Iterator[Any]) -> str:
        name = self.fresh(type_name)
        key = key_expression(self.grammar.blocks.arguments)
        before, self.lines = self.lines, []
        self.indent += 1
        fallback = self.value(nodes, "", ())
        self.indent -= 1
        inside, self.lines = self.lines, before
        if not inside:
            self.line(f"{name} = {TABLE}[{key}] if {key} in {TABLE} else {fallback}")
            return name
        self.line(f"if {key} in {TABLE}:")
        self.line(f"    {name} = {TABLE}[{key}]")
        self.line("else:")
        self.lines += inside
        self.line(f"    {name} = {fallback}")
        return name


def write(grammar: Grammar, nodes: Nodes) -> str:
    """Return the entry function of a tree as Python source."""
    head = f"def {grammar.blocks.entry}({', '.join(grammar.blocks.arguments)}):"
    return "\n".join([head, *_Writer(grammar).write(nodes)])


# --- reading --------------------------------------------------------------------------------------------------------


@dataclass
class _Scope:
    """What names mean at one point: trees or literals by variable, the loop we are in, its index variables."""

    known: dict[str, Nodes | ast.expr]
    types: dict[str, str]
    loop: str = ""
    indices: tuple[str, ...] = ()


@dataclass
class _Reader:
    grammar: Grammar
    limit: int

    def block(self, body: Sequence[ast.stmt], scope: _Scope) -> Nodes | None:
        """Follow statements; return the tree of a `return`, if one is met."""
        for statement in body:
            match statement:
                case ast.Return(value=ast.expr() as value):
                    return self.expression(value, self.grammar.kind(self.grammar.blocks.returns, scope.loop), scope)
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.assign(name, value, scope)
                case ast.For():
                    self.loop(statement, scope)
                case ast.If():
                    self.baked_block(statement, scope)
                case ast.Expr(value=ast.Constant()) | ast.Pass():
                    pass
                case _:
                    raise NotInSubset(f"line {statement.lineno}: {type(statement).__name__}")
        return None

    def assign(self, name: str, value: ast.expr, scope: _Scope) -> None:
        type_name = self.type_of(value, scope)
        if not type_name:
            if not isinstance(value, ast.Constant):
                raise NotInSubset(f"line {value.lineno}: a value of unknown type")
            scope.known[name] = value
            return
        scope.known[name] = self.expression(value, self.grammar.kind(type_name, scope.loop), scope)
        scope.types[name] = type_name

    def type_of(self, value: ast.expr, scope: _Scope) -> str:
        match value:
            case ast.Call(func=ast.Name(id=name)):
                return next((b.returns for b in self.grammar.blocks.primitives if b.name == name), "")
            case ast.Name(id=name):
                return scope.types.get(name) or self.grammar.blocks.arguments.get(name, "")
            case ast.IfExp(orelse=other):
                return self.type_of(other, scope)
        return ""

    def loop(self, statement: ast.For, scope: _Scope) -> None:
        match statement:
            case ast.For(
                target=ast.Name(id=index),
                iter=ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(count))]),
                body=[*_, ast.Assign(targets=[ast.Name(id=carried)])],
                orelse=[],
            ) if carried in scope.types:
                type_name = scope.types[carried]
            case _:
                raise NotInSubset(f"line {statement.lineno}: not a counted loop that carries one value")
        if type_name not in self.grammar.loops:
            raise NotInSubset(f"line {statement.lineno}: no block turns a {type_name} into a {type_name}")
        literals: dict[str, Nodes | ast.expr] = {k: v for k, v in scope.known.items() if isinstance(v, ast.expr)}
        inner = _Scope(
            {**literals, carried: [self.grammar.node(f"running:{type_name}")]},
            {carried: type_name},
            type_name,
            (*scope.indices, index),
        )
        self.block(statement.body, inner)
        start, body = scope.known[carried], inner.known[carried]
        assert isinstance(start, list)
        assert isinstance(body, list)
        count_node = self.grammar.literal(self.grammar.kind_named("count"), count)
        node = self.grammar.node(f"loop:{type_name}@{scope.loop}")
        scope.known[carried] = self.bounded([node, count_node, *start, *body])

    def baked_block(self, statement: ast.If, scope: _Scope) -> None:
        match statement:
            case ast.If(
                test=test,
                body=[ast.Assign(targets=[ast.Name(id=name)], value=looked_up)],
                orelse=[*before, ast.Assign(targets=[ast.Name(id=other)], value=value)],
            ) if name == other and self.looks_up(test, looked_up) and not scope.loop:
                inner = _Scope(dict(scope.known), dict(scope.types))
                self.block(before, inner)
                self.assign(name, value, inner)
            case _:
                raise NotInSubset(f"line {statement.lineno}: an `if` that chooses no baked value")
        tree, type_name = inner.known[name], inner.types.get(name, "")
        if not isinstance(tree, list):
            raise NotInSubset(f"line {statement.lineno}: a baked literal")
        scope.known[name] = [self.baked_node(type_name), *tree]
        scope.types[name] = type_name

    def looks_up(self, test: ast.expr, looked_up: ast.expr) -> bool:
        key = key_expression(self.grammar.blocks.arguments)
        return ast.unparse(test) == f"{key} in {TABLE}" and ast.unparse(looked_up) == f"{TABLE}[{key}]"

    def baked_node(self, type_name: str) -> Any:
        if not self.grammar.has(f"baked:{type_name}"):
            raise NotInSubset(f"a baked {type_name or 'value'}")
        return self.grammar.node(f"baked:{type_name}")

    def expression(self, value: ast.expr, kind: type, scope: _Scope) -> Nodes:
        match value:
            case ast.Name(id=name) if name in scope.known:
                known = scope.known[name]
                if isinstance(known, ast.expr):
                    return self.expression(known, kind, scope)
                if known[0].ret is not kind:
                    raise NotInSubset(f"line {value.lineno}: {name} has another type here")
                return list(known)
            case ast.Call(func=ast.Name(id=name)):
                return self.call(name, value, kind, scope)
            case ast.IfExp(test=test, body=body, orelse=other) if self.looks_up(test, body) and not scope.loop:
                return [self.baked_node(self.type_of(other, scope)), *self.expression(other, kind, scope)]
        if kind is self.grammar.kind_named("seed"):
            return [self.grammar.literal(kind, self.seed(value, scope))]
        return [self.leaf(value, kind, scope)]

    def call(self, name: str, value: ast.Call, kind: type, scope: _Scope) -> Nodes:
        if not self.grammar.has(f"{name}@{scope.loop}") or name in self.grammar.blocks.arguments:
            raise NotInSubset(f"line {value.lineno}: {name} is no primitive")
        node, block = self.grammar.node(f"{name}@{scope.loop}"), self.grammar.blocks[name]
        given: dict[str, ast.expr] = dict(zip([p.name for p in block.parameters], value.args, strict=False))
        given |= {k.arg: k.value for k in value.keywords if k.arg}
        if set(given) != {p.name for p in block.parameters} or node.ret is not kind:
            raise NotInSubset(f"line {value.lineno}: {name} with other arguments, or where its type does not fit")
        nodes = [node]
        for parameter, wanted in zip(block.parameters, node.args, strict=True):
            nodes += self.expression(given[parameter.name], wanted, scope)
        return self.bounded(nodes)

    def leaf(self, value: ast.expr, kind: type, scope: _Scope) -> Any:
        match value:
            case ast.Name(id=name):
                for made in (f"argument:{name}", f"{name}@{scope.loop}", f"{name}@{scope.loop}:float"):
                    if self.grammar.has(made) and self.grammar.node(made).ret is kind:
                        return self.grammar.node(made)
        try:
            number = ast.literal_eval(value)
        except ValueError:
            number = None
        constant = self.grammar.constants.get(kind)
        if constant is None or isinstance(number, bool) or not isinstance(number, int | float):
            raise NotInSubset(f"line {value.lineno}: {ast.unparse(value)}")
        if constant.type == "int" and not isinstance(number, int):
            raise NotInSubset(f"line {value.lineno}: {number} is no whole number")
        return self.grammar.literal(kind, number)

    def seed(self, value: ast.expr, scope: _Scope) -> int:
        match value:
            case ast.Constant(value=int(number)):
                return number
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                names = {n.id for n in ast.walk(right) if isinstance(n, ast.Name)}
                if names and names <= set(scope.indices):
                    return self.seed(left, scope)
        raise NotInSubset(f"line {value.lineno}: {ast.unparse(value)} is no seed")

    def bounded(self, nodes: Nodes) -> Nodes:
        if len(nodes) > self.limit:
            raise NotInSubset(f"more than {self.limit} nodes")
        return nodes


def read(grammar: Grammar, function: ast.FunctionDef, limit: int = 400) -> Nodes:
    """Return the tree of an entry function.

    Args:
        grammar: the problem's grammar.
        function: the parsed function.
        limit: largest number of nodes; sharing a variable copies its tree.

    Raises:
        NotInSubset: the function does something that trees cannot say.
    """
    if [a.arg for a in function.args.args] != list(grammar.blocks.arguments):
        raise NotInSubset("other arguments")
    tree = _Reader(grammar, limit).block(function.body, _Scope({}, {}))
    if tree is None:
        raise NotInSubset("no return at the end")
    return tree
