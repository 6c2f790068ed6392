"""Light type inference: what a name or an expression of ordinary Python plausibly holds.

Types are names: "int", "float", "bool", "str", "list", "tuple", "dict", a type of the problem's primitives, or ""
when nothing is known. Good enough to propose edits that mostly run; the judge decides about the rest.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from evolve.primitives import PrimitiveSet

__all__ = ["Scope", "fits", "infer", "scope_of"]

_BUILTINS = {
    "abs": "float", "float": "float", "int": "int", "len": "int", "list": "list", "max": "float", "min": "float",
    "range": "range", "round": "float", "sorted": "list", "str": "str", "sum": "float", "tuple": "tuple",
}  # fmt: skip
_NUMBERS = ("int", "float")


@dataclass(frozen=True, slots=True)
class Scope:
    """The names of one function: their types, and the line from which each is defined."""

    types: Mapping[str, str]
    lines: Mapping[str, int]

    def before(self, line: int) -> dict[str, str]:
        """Return the types of the names that are defined before a line."""
        return {name: found for name, found in self.types.items() if self.lines[name] < line}


def scope_of(function: ast.FunctionDef, blocks: PrimitiveSet | None) -> Scope:
    """Return the names of a function with their types, as far as they can be told."""
    types: dict[str, str] = {}
    lines: dict[str, int] = {}
    given = blocks.arguments if blocks is not None and function.name == blocks.entry else {}
    for argument in [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]:
        note = argument.annotation
        types[argument.arg] = given.get(argument.arg) or (note.id if isinstance(note, ast.Name) else "")
        lines[argument.arg] = 0
    statements = [n for n in ast.walk(function) if isinstance(n, ast.Assign | ast.AnnAssign | ast.For)]
    for node in sorted(statements, key=lambda n: n.lineno):
        for name, found in _bound(node, types, blocks):
            lines.setdefault(name, node.lineno)
            types[name] = types.get(name) or found
    return Scope(types, lines)


def infer(node: ast.expr, types: Mapping[str, str], blocks: PrimitiveSet | None) -> str:
    """Return the type of an expression, or "" when it is unknown.

    Args:
        node: the expression.
        types: types of names.
        blocks: the problem's primitives, whose results are typed.
    """
    match node:
        case ast.Constant(value=value):
            return type(value).__name__
        case ast.Name(id=name):
            return types.get(name, "")
        case ast.Call(func=ast.Name(id=name)):
            made = next((b.returns for b in blocks.primitives if b.name == name), "") if blocks is not None else ""
            return made or _BUILTINS.get(name, "")
        case ast.Call(func=ast.Attribute(value=ast.Name(id="math"), attr=name)):
            return "int" if name in ("floor", "ceil") else "float"
        case ast.Attribute(value=ast.Name(id="math")):
            return "float"
        case ast.Compare():
            return "bool"
        case ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            return "bool"
        case ast.UnaryOp(operand=operand):
            return infer(operand, types, blocks)
        case ast.BinOp(left=left, op=op, right=right):
            both = {infer(left, types, blocks), infer(right, types, blocks)}
            if both <= set(_NUMBERS):
                return "float" if isinstance(op, ast.Div) or "float" in both else "int"
            return both.pop() if len(both) == 1 else ""
        case ast.IfExp(body=body, orelse=other):
            return infer(other, types, blocks) or infer(body, types, blocks)
        case ast.List() | ast.ListComp():
            return "list"
        case ast.Tuple():
            return "tuple"
        case ast.Dict() | ast.DictComp():
            return "dict"
    return ""


def fits(found: str, wanted: str) -> bool:
    """Tell whether a value of one type may stand where another is wanted; unknown types fit nothing."""
    return found != "" and (found == wanted or (found == "int" and wanted == "float"))


def _bound(
    node: ast.Assign | ast.AnnAssign | ast.For, types: Mapping[str, str], blocks: PrimitiveSet | None
) -> list[tuple[str, str]]:
    match node:
        case ast.For(target=ast.Name(id=name), iter=iterated):
            return [(name, "int" if infer(iterated, types, blocks) == "range" else "")]
        case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id=note)):
            return [(name, note)]
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return [(name, infer(value, types, blocks))]
        case ast.Assign(targets=[ast.Tuple(elts=elements)], value=ast.Tuple(elts=values)):
            pairs = zip(elements, values, strict=False)
            return [(e.id, infer(v, types, blocks)) for e, v in pairs if isinstance(e, ast.Name)]
        case ast.Assign(targets=targets):
            inner = [
                n for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            ]
            return [(n.id, "") for n in inner]
        case ast.For(target=target):
            return [(n.id, "") for n in ast.walk(target) if isinstance(n, ast.Name)]
    return []
