"""Writes a syntax tree with every name that is free to choose replaced by its order of appearance."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from evolve.source.scopes import Module, Scope, fields_of
from evolve.source.visibility import Visibility

__all__ = ["write"]

_SILENT = frozenset({ast.Pass, ast.Global, ast.Nonlocal})
_JUMPS = frozenset({ast.Return, ast.Raise, ast.Break, ast.Continue})
_STATEMENTS = frozenset({"body", "orelse", "finalbody"})


def write(module: Module, visible: Visibility) -> str:
    """Return the canonical text of a module.

    Two modules get the same text only if they are the same but for names that nothing can see, layout, comments,
    docstrings, unreachable statements, and the order of the imports at the top. Every variable is written as the
    scope that owns it and its place there, so `global` and `nonlocal` need no words.

    Args:
        module: its scopes; the statements in `skip` are left out.
        visible: what others may see of it.
    """
    writer = _Writer(module, visible)
    writer.block(module.tree.body, writer.enter(module.root))
    return "".join(writer.parts)


class _Writer:
    def __init__(self, module: Module, visible: Visibility) -> None:
        self.module = module
        self.visible = visible
        self.serial = 0
        self.parts: list[str] = []

    def enter(self, scope: Scope) -> Scope:
        scope.serial = self.serial
        self.serial += 1
        if scope.generator:
            self.parts.append("~")
        return scope

    def token(self, name: str, scope: Scope) -> str:
        variable = scope.lookup(name)
        if variable is None:
            return f"?{name} "
        if not variable.token:
            owner = variable.scope
            if self.visible.free(variable):
                variable.token = f"{owner.serial}.{owner.tokens} "
                owner.tokens += 1
            else:
                variable.token = f"{owner.serial}={name} "
        return variable.token

    def block(self, body: Sequence[ast.stmt], scope: Scope) -> None:
        self.parts.append("{")
        waiting: list[tuple[str, str, str]] = []
        for node in body:
            cls = node.__class__
            if cls in _SILENT or (self.module.skip and node in self.module.skip):
                continue
            if cls is ast.Expr and node.value.__class__ is ast.Constant:  # type: ignore[attr-defined]
                continue
            if scope is self.module.root and self.sortable(node):
                waiting.extend(_imported(node))
                continue
            if waiting:
                self.imports(waiting, scope)
                waiting = []
            self.node(node, scope)
            if cls in _JUMPS:
                break
        self.imports(waiting, scope)
        self.parts.append("}")

    def sortable(self, node: ast.stmt) -> bool:
        """Tell whether an import may change places with its neighbours."""
        if isinstance(node, ast.Import):
            return not any(alias.name.partition(".")[0] in self.visible.siblings for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            top = (node.module or "").partition(".")[0]
            return not node.level and top not in {"__future__", *self.visible.siblings} and node.names[0].name != "*"
        return False

    def imports(self, found: list[tuple[str, str, str]], scope: Scope) -> None:
        """Write neighbouring imports, sorted unless two of them fight for one name."""
        meanings: dict[str, set[str]] = {}
        for source, name, bound in found:
            meanings.setdefault(bound, set()).add(bound if name.endswith(".") else f"{source}:{name}".lstrip(":"))
        if all(len(meaning) == 1 for meaning in meanings.values()):
            found = sorted(found, key=lambda item: item[:2])
        self.parts.extend(
            dict.fromkeys(f"I{source}:{name} {self.token(bound, scope)}" for source, name, bound in found)
        )

    def node(self, node: Any, scope: Scope) -> None:
        cls = node.__class__
        if cls is ast.Name:
            self.parts.append(self.token(node.id, scope))
        elif cls is ast.Constant:
            self.parts.append(_literal(node.value))
        elif cls in _WRITERS:
            self.parts.append(cls.__name__ + "(")
            _WRITERS[cls](self, node, scope)
            self.parts.append(")")
        else:
            self.parts.append(cls.__name__ + "(")
            for name in fields_of(cls):
                value = getattr(node, name)
                if value.__class__ is list and name in _STATEMENTS:
                    self.block(value, scope)
                else:
                    self.item(value, scope)
            self.parts.append(")")

    def item(self, value: Any, scope: Scope) -> None:
        if isinstance(value, ast.AST):
            self.node(value, scope)
        elif value.__class__ is list:
            self.items(value, scope)
        else:
            self.parts.append("-" if value is None else f"{value!r},")

    def items(self, values: Iterable[Any], scope: Scope) -> None:
        self.parts.append("[")
        for value in values:
            self.item(value, scope)
        self.parts.append("]")

    def optional(self, name: str | None, scope: Scope) -> None:
        self.parts.append("-" if name is None else self.token(name, scope))

    # --- nodes that bind names, or open scopes --------------------------------------------------------------------

    def function(self, node: Any, scope: Scope) -> None:
        self.parts.append(self.token(node.name, scope))
        self.items((*node.decorator_list, node.returns), scope)
        self.block(node.body, self.signature(node, scope))

    def lambda_(self, node: Any, scope: Scope) -> None:
        self.node(node.body, self.signature(node, scope))

    def signature(self, node: Any, scope: Scope) -> Scope:
        arguments = node.args
        self.items(arguments.defaults, scope)
        self.items(arguments.kw_defaults, scope)
        inner = self.enter(self.module.scope_of[node])
        for group in (
            arguments.posonlyargs,
            arguments.args,
            [arguments.vararg],
            arguments.kwonlyargs,
            [arguments.kwarg],
        ):
            self.parts.append("[")
            for argument in group:
                if argument is not None:
                    self.parts.append(self.token(argument.arg, inner))
                    self.item(argument.annotation, scope)
            self.parts.append("]")
        return inner

    def class_(self, node: Any, scope: Scope) -> None:
        self.parts.append(self.token(node.name, scope))
        self.items(node.decorator_list, scope)
        self.items(node.bases, scope)
        self.items(node.keywords, scope)
        self.block(node.body, self.enter(self.module.scope_of[node]))

    def comprehension(self, node: Any, scope: Scope) -> None:
        first, *rest = node.generators
        self.node(first.iter, scope)
        inner = self.enter(self.module.scope_of[node])
        self.node(first.target, inner)
        self.items(first.ifs, inner)
        self.item(first.is_async, inner)
        self.items(rest, inner)
        if node.__class__ is ast.DictComp:
            self.node(node.key, inner)
            self.node(node.value, inner)
        else:
            self.node(node.elt, inner)

    def import_(self, node: Any, scope: Scope) -> None:
        self.parts.append(f"{getattr(node, 'level', 0)},")
        for source, name, bound in _imported(node):
            self.parts.append(f"{source}:{name} " + ("*" if name == "*" else self.token(bound, scope)))

    def handler(self, node: Any, scope: Scope) -> None:
        self.item(node.type, scope)
        self.optional(node.name, scope)
        self.block(node.body, scope)

    def match_as(self, node: Any, scope: Scope) -> None:
        self.item(node.pattern, scope)
        self.optional(node.name, scope)

    def match_star(self, node: Any, scope: Scope) -> None:
        self.optional(node.name, scope)

    def match_mapping(self, node: Any, scope: Scope) -> None:
        self.items(node.keys, scope)
        self.items(node.patterns, scope)
        self.optional(node.rest, scope)


def _imported(node: Any) -> list[tuple[str, str, str]]:
    """Return (module it is taken from, what, name it is bound to) for each name of an import.

    A dotted import without `as` binds only its first part: its `what` ends with a dot.
    """
    if node.__class__ is ast.ImportFrom:
        return [(node.module or ".", alias.name, alias.asname or alias.name) for alias in node.names]
    return [
        ("", alias.name + ("." if "." in alias.name and not alias.asname else ""), alias.asname or _top(alias.name))
        for alias in node.names
    ]


def _top(name: str) -> str:
    return name.partition(".")[0]


def _literal(value: Any) -> str:
    """Write a constant with its type: 1, 1.0 and True are three things."""
    if value.__class__ is int:
        return f"{value:#x};"  # a decimal form of a huge number is refused
    return f"{value.__class__.__name__}{value!r};"


_WRITERS: dict[type[ast.AST], Callable[[_Writer, Any, Scope], None]] = {
    ast.AsyncFunctionDef: _Writer.function,
    ast.ClassDef: _Writer.class_,
    ast.DictComp: _Writer.comprehension,
    ast.ExceptHandler: _Writer.handler,
    ast.FunctionDef: _Writer.function,
    ast.GeneratorExp: _Writer.comprehension,
    ast.Import: _Writer.import_,
    ast.ImportFrom: _Writer.import_,
    ast.Lambda: _Writer.lambda_,
    ast.ListComp: _Writer.comprehension,
    ast.MatchAs: _Writer.match_as,
    ast.MatchMapping: _Writer.match_mapping,
    ast.MatchStar: _Writer.match_star,
    ast.SetComp: _Writer.comprehension,
}
