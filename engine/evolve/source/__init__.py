"""The canonical text of a Python file: equal for programs that differ in names, comments, layout or dead code only.

Correct before complete: a name is renamed only when nothing can see it, code is dropped only when running it could
have no effect, and a file that looks at its own names or source counts as its exact text.
"""

from __future__ import annotations

import ast
import warnings

from evolve.source.dead import dead_statements
from evolve.source.scopes import Module
from evolve.source.visibility import Visibility, looks_at_itself
from evolve.source.writer import write

__all__ = ["canonical_text"]

_ROUNDS = 8
"""Dead code is looked for again when some was found, since it may have kept other code alive."""


def canonical_text(text: str, entries: frozenset[str] | None, siblings: frozenset[str] = frozenset()) -> str | None:
    """Return the canonical text of a Python file, or None when only its exact text is safe to compare.

    Args:
        text: the file.
        entries: names that are called from outside; None when any top-level name may be used elsewhere.
        siblings: module names of the program's own files; their imports keep their order.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _canonical(ast.parse(text), entries, siblings)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _canonical(tree: ast.Module, entries: frozenset[str] | None, siblings: frozenset[str]) -> str | None:
    module = Module(tree)
    if looks_at_itself(module):
        return None
    visible = Visibility(module, entries, siblings)
    for _ in range(_ROUNDS):
        dead = dead_statements(module, visible)
        if not dead:
            break
        module = Module(tree, module.skip | dead)
        visible = Visibility(module, entries, siblings)
    return write(module, visible)
