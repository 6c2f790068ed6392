"""Nothing in this house is too big to read."""

from __future__ import annotations

import ast

from house_sources import EVERYWHERE, functions, sources

FILE_LINES = 400
FUNCTION_LINES = 60
PUBLIC_METHODS = 12


def test_no_file_has_more_than_400_lines() -> None:
    long = {s.name: lines for s in sources(*EVERYWHERE) if (lines := s.text.count("\n")) > FILE_LINES}
    assert not long


def test_no_function_has_more_than_60_lines() -> None:
    long = [
        f"{s.at(function)} {function.name}: {lines} lines"
        for s in sources(*EVERYWHERE)
        for function in functions(s.tree)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES
    ]
    assert not long


def test_no_class_has_more_than_12_public_methods() -> None:
    wide = []
    for source in sources(*EVERYWHERE):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith(("Test", "_")):
                public = [item.name for item in node.body if _is_public_method(item)]
                if len(public) > PUBLIC_METHODS:
                    wide.append(f"{source.at(node)} {node.name}: {len(public)} public methods")
    assert not wide


def _is_public_method(item: ast.stmt) -> bool:
    """A property is read like a field, and nobody calls `visit_If` or `test_this`: they do not count."""
    if not isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) or item.name.startswith(("_", "visit_", "test_")):
        return False
    decorators = {d.id for d in item.decorator_list if isinstance(d, ast.Name)}
    return not decorators & {"property", "cached_property"}
