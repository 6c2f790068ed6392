"""Which name means which variable: the scopes of a Python module, as its syntax tree shows them.

Only what alpha-renaming needs: every scope with the variables it owns, how often each is read, and whatever makes
names visible at run time (introspection, keyword arguments, strings), so that a caller knows what to leave alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Module", "Scope", "Variable", "fields_of"]

_SILENT = {"ctx", "type_comment", "kind", "type_ignores"}
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {}


def fields_of(cls: type[ast.AST]) -> tuple[str, ...]:
    """Return the fields of a node class that carry meaning."""
    found = _FIELDS.get(cls)
    if found is None:
        found = _FIELDS[cls] = tuple(name for name in cls._fields if name not in _SILENT)
    return found


@dataclass(eq=False, slots=True)
class Variable:
    """One variable of one scope.

    Args:
        name: as written.
        scope: its owner.
        reads: how often it is read, deleted or changed in place.
        parameter: it is an argument of its function.
        fixed: its name may be seen from outside, for a reason that its scope knows.
    """

    name: str
    scope: Scope
    reads: int = 0
    parameter: bool = False
    fixed: bool = False
    token: str = ""


@dataclass(eq=False, slots=True)
class Scope:
    """A module, class, function, lambda or comprehension.

    Args:
        kind: "module", "class", "function" or "comprehension".
        parent: the scope around it, None for a module.
    """

    kind: str
    parent: Scope | None = None
    generator: bool = False
    serial: int = -1
    tokens: int = 0
    variables: dict[str, Variable] = field(default_factory=dict)
    stores: set[str] = field(default_factory=set)
    loads: dict[str, int] = field(default_factory=dict)
    parameters: set[str] = field(default_factory=set)
    fixed: set[str] = field(default_factory=set)
    global_names: set[str] = field(default_factory=set)
    outer_names: set[str] = field(default_factory=set)
    seen: dict[str, Variable | None] = field(default_factory=dict)

    def lookup(self, name: str) -> Variable | None:
        """Return the variable that a name means here; None when only the builtins may know it."""
        if name not in self.seen:
            self.seen[name] = self._find(name)
        return self.seen[name]

    def _find(self, name: str) -> Variable | None:
        scope: Scope | None = self
        while scope is not None:
            if scope.kind == "class" and scope is not self:
                scope = scope.parent
                continue
            if name in scope.global_names:
                while scope.parent is not None:
                    scope = scope.parent
                return scope.variables.get(name)
            if name in scope.variables:
                return scope.variables[name]
            scope = scope.parent
        return None


@dataclass(eq=False)
class Module:
    """The scopes of a parsed module. `scope_of` maps the node that opens a scope to the scope.

    Args:
        tree: the module; `skip` may hold statements that are treated as absent.
    """

    tree: ast.Module
    skip: set[ast.AST] = field(default_factory=set)
    scope_of: dict[ast.AST, Scope] = field(default_factory=dict)
    attributes: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    keywords: set[str] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)
    unpacks_keywords: bool = False
    star: bool = False
    typed: bool = False

    def __post_init__(self) -> None:
        self.root = Scope("module")
        self.scopes = [self.root]
        self._todo: list[tuple[ast.AST, Scope]] = []
        self.scope_of[self.tree] = self.root
        self._push(self.tree.body, self.root)
        self._walk()
        self._settle()

    def _walk(self) -> None:
        todo, skip, visitors = self._todo, self.skip, _VISITORS
        while todo:
            node, scope = todo.pop()
            cls = node.__class__
            visit = visitors.get(cls)
            if visit is not None:
                visit(self, node, scope)
            elif not skip or node not in skip:
                self._children(node, scope)

    def _children(self, node: ast.AST, scope: Scope) -> None:
        todo = self._todo
        for name in fields_of(node.__class__):
            value = getattr(node, name)
            if value.__class__ is list:
                for item in value:
                    if isinstance(item, ast.AST):
                        todo.append((item, scope))
            elif isinstance(value, ast.AST):
                todo.append((value, scope))

    def _push(self, nodes: Iterable[ast.AST | None], scope: Scope) -> None:
        self._todo.extend((node, scope) for node in nodes if node is not None)

    def _open(self, node: ast.AST, kind: str, parent: Scope) -> Scope:
        scope = self.scope_of[node] = Scope(kind, parent)
        self.scopes.append(scope)
        return scope

    def _settle(self) -> None:
        """Give every stored name an owner, then count who reads it."""
        for scope in self.scopes:
            for name in scope.stores & scope.global_names:
                self.root.variables.setdefault(name, Variable(name, self.root))
            for name in scope.stores - scope.global_names - scope.outer_names:
                variable = scope.variables.setdefault(name, Variable(name, scope))
                variable.parameter = name in scope.parameters
        for scope in self.scopes:
            for name, count in scope.loads.items():
                found = scope.lookup(name)
                if found is not None:
                    found.reads += count
            for name in scope.fixed:
                found = scope.lookup(name)
                if found is not None:
                    found.fixed = True
            if scope.kind == "class":  # a class body falls back to the module for a name that it binds later
                for name in scope.variables.keys() & self.root.variables.keys():
                    self.root.variables[name].fixed = True

    # --- what each node means for names ---------------------------------------------------------------------------

    def _name(self, node: Any, scope: Scope) -> None:
        name = node.id
        kind = node.ctx.__class__
        if kind is ast.Load:
            scope.loads[name] = scope.loads.get(name, 0) + 1
            return
        scope.stores.add(name)
        if kind is ast.Del:
            self._read(name, scope)

    def _read(self, name: str, scope: Scope) -> None:
        scope.loads[name] = scope.loads.get(name, 0) + 1

    def _constant(self, node: Any, scope: Scope) -> None:
        if node.value.__class__ is str:
            self.strings.add(node.value)

    def _expression(self, node: Any, scope: Scope) -> None:
        if node.value.__class__ is not ast.Constant:
            self._todo.append((node.value, scope))

    def _attribute(self, node: Any, scope: Scope) -> None:
        self.attributes.add(node.attr)
        self._todo.append((node.value, scope))

    def _keyword(self, node: Any, scope: Scope) -> None:
        if node.arg is None:
            self.unpacks_keywords = True
        else:
            self.keywords.add(node.arg)
        self._todo.append((node.value, scope))

    def _augmented(self, node: Any, scope: Scope) -> None:
        if node.target.__class__ is ast.Name:
            self._read(node.target.id, scope)
        self._children(node, scope)

    def _walrus(self, node: Any, scope: Scope) -> None:
        owner = scope
        while owner.kind == "comprehension" and owner.parent is not None:
            owner = owner.parent
        owner.stores.add(node.target.id)
        self._todo.append((node.value, scope))

    def _function(self, node: Any, scope: Scope) -> None:
        if node in self.skip:
            return
        self.typed |= bool(getattr(node, "type_params", None))
        scope.stores.add(node.name)
        self._push((*node.decorator_list, node.returns), scope)
        inner = self._signature(node, scope)
        if node.decorator_list:  # a decorator may read the names
            scope.fixed.add(node.name)
            inner.fixed |= inner.parameters
        self._push(node.body, inner)

    def _lambda(self, node: Any, scope: Scope) -> None:
        self._push((node.body,), self._signature(node, scope))

    def _signature(self, node: Any, scope: Scope) -> Scope:
        inner = self._open(node, "function", scope)
        arguments = node.args
        self._push((*arguments.defaults, *arguments.kw_defaults), scope)
        stars = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *stars):
            inner.stores.add(argument.arg)
            inner.parameters.add(argument.arg)
            self._push((argument.annotation,), scope)
        if scope.kind == "class":  # a library may call an overridden method by keyword
            inner.fixed |= inner.parameters
        return inner

    def _class(self, node: Any, scope: Scope) -> None:
        self.typed |= bool(getattr(node, "type_params", None))
        scope.stores.add(node.name)
        scope.fixed.add(node.name)
        self._push((*node.decorator_list, *node.bases, *node.keywords), scope)
        self._push(node.body, self._open(node, "class", scope))

    def _comprehension(self, node: Any, scope: Scope) -> None:
        inner = self._open(node, "comprehension", scope)
        self._push((node.generators[0].iter,), scope)
        self._push((node.generators[0].target, *node.generators[0].ifs, *node.generators[1:]), inner)
        if node.__class__ is ast.DictComp:
            self._push((node.key, node.value), inner)
        else:
            self._push((node.elt,), inner)

    def _import(self, node: Any, scope: Scope) -> None:
        if node in self.skip:
            return
        for alias in node.names:
            self.imports.add(getattr(node, "module", None) or alias.name)
            if node.__class__ is ast.ImportFrom:
                self.attributes.add(alias.name)
            if alias.name == "*":
                self.star = True
            else:
                scope.stores.add(alias.asname or alias.name.partition(".")[0])

    def _declared(self, node: Any, scope: Scope) -> None:
        names = scope.global_names if node.__class__ is ast.Global else scope.outer_names
        if scope.parent is not None:
            names.update(node.names)

    def _handler(self, node: Any, scope: Scope) -> None:
        if node.name:
            scope.stores.add(node.name)
            self._read(node.name, scope)
        self._children(node, scope)

    def _pattern(self, node: Any, scope: Scope) -> None:
        name = node.rest if node.__class__ is ast.MatchMapping else node.name
        if name:
            scope.stores.add(name)
        self._children(node, scope)

    def _typed(self, node: Any, scope: Scope) -> None:
        self.typed = True

    def _yield(self, node: Any, scope: Scope) -> None:
        scope.generator = True
        self._children(node, scope)


_VISITORS: dict[type[ast.AST], Callable[[Module, Any, Scope], None]] = {
    ast.AsyncFunctionDef: Module._function,
    ast.Attribute: Module._attribute,
    ast.AugAssign: Module._augmented,
    ast.ClassDef: Module._class,
    ast.Constant: Module._constant,
    ast.DictComp: Module._comprehension,
    ast.ExceptHandler: Module._handler,
    ast.Expr: Module._expression,
    ast.FunctionDef: Module._function,
    ast.GeneratorExp: Module._comprehension,
    ast.Global: Module._declared,
    ast.Import: Module._import,
    ast.ImportFrom: Module._import,
    ast.Lambda: Module._lambda,
    ast.ListComp: Module._comprehension,
    ast.MatchAs: Module._pattern,
    ast.MatchMapping: Module._pattern,
    ast.MatchStar: Module._pattern,
    ast.Name: Module._name,
    ast.NamedExpr: Module._walrus,
    ast.Nonlocal: Module._declared,
    ast.SetComp: Module._comprehension,
    ast.Yield: Module._yield,
    ast.YieldFrom: Module._yield,
    ast.keyword: Module._keyword,
}
if hasattr(ast, "TypeAlias"):
    _VISITORS[ast.TypeAlias] = Module._typed
