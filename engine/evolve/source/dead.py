"""Dead code: statements that bind a name which nobody reads, and do nothing else."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Sequence

from evolve.source.scopes import Module
from evolve.source.visibility import Visibility

__all__ = ["dead_statements"]

_HARMLESS_IMPORTS = frozenset(
    {
        "abc",
        "bisect",
        "cmath",
        "collections",
        "copy",
        "dataclasses",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "heapq",
        "itertools",
        "math",
        "numbers",
        "numpy",
        "operator",
        "random",
        "statistics",
        "string",
        "time",
        "typing",
    }
)
"""Modules that are always there and do nothing on import but define names."""

_BLOCKS = ast.stmt | ast.excepthandler | ast.match_case
_SIMPLE_NOTES = frozenset({"bool", "bytes", "complex", "dict", "float", "int", "list", "set", "str", "tuple"})


def dead_statements(module: Module, visible: Visibility) -> set[ast.AST]:
    """Return the dead statements of a module.

    Args:
        module: its scopes.
        visible: what others may see of it.
    """
    dead: set[ast.AST] = set()
    for node, scope in module.scope_of.items():
        if scope.kind not in {"module", "function"} or isinstance(node, ast.Lambda):
            continue
        unread = {name for name, variable in scope.variables.items() if visible.unread(variable)}
        if unread:
            todo: list[ast.AST] = list(getattr(node, "body", ()))
            while todo:
                statement = todo.pop()
                if statement in module.skip:
                    continue
                if _is_dead(statement, unread - visible.siblings, local=scope.kind == "function"):
                    dead.add(statement)
                elif not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    todo.extend(child for child in ast.iter_child_nodes(statement) if isinstance(child, _BLOCKS))
    return dead


def _is_dead(node: ast.AST, unread: set[str], local: bool) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name in unread and (local or node.name.startswith("_")) and _defines_quietly(node)
    if isinstance(node, ast.Assign):
        if len(node.targets) > 1 or not _is_unread(node.targets[0], unread):
            return False
        return _is_pure(node.value) and (local or not isinstance(node.value, ast.Lambda))
    if isinstance(node, ast.AnnAssign):  # a local annotation is never evaluated
        return local and _is_unread(node.target, unread) and _is_pure(node.value)
    if isinstance(node, ast.Import):
        return all((a.asname or a.name) in unread and a.name in _HARMLESS_IMPORTS for a in node.names)
    if isinstance(node, ast.ImportFrom):
        if node.level or node.module not in _HARMLESS_IMPORTS:
            return False
        source = importlib.import_module(node.module)
        return all((a.asname or a.name) in unread and hasattr(source, a.name) for a in node.names)
    return False


def _is_unread(target: ast.expr, unread: set[str]) -> bool:
    return isinstance(target, ast.Name) and target.id in unread


def _is_pure(node: ast.expr | None) -> bool:
    """Tell whether evaluating an expression can neither fail nor be noticed."""
    match node:
        case None | ast.Constant():
            return True
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _is_number(operand)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return _is_number(left) and _is_number(right)
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return _all_pure(items)
        case ast.Dict(keys=keys, values=values):
            return all(isinstance(key, ast.Constant) for key in keys) and _all_pure(values)
        case ast.Lambda(args=arguments):
            return _all_pure((*arguments.defaults, *arguments.kw_defaults))
    return False


def _all_pure(nodes: Sequence[ast.expr | None]) -> bool:
    return all(_is_pure(node) for node in nodes)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in {int, float}


def _defines_quietly(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether running a definition does nothing but bind its name."""
    arguments = node.args
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
    notes = [node.returns, *(argument.annotation for argument in every if argument is not None)]
    return (
        not node.decorator_list
        and _all_pure((*arguments.defaults, *arguments.kw_defaults))
        and all(_is_pure(note) or (isinstance(note, ast.Name) and note.id in _SIMPLE_NOTES) for note in notes)
    )
