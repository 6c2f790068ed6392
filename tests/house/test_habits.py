"""Habits that keep failures visible and the core general."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from house_sources import EVERYWHERE, LIBRARY, ROOT, Source, imported, shipped_plugins, sources

SYSTEMS = (
    "hgm|poet|dgm|alphaevolve|openevolve|shinka|funsearch|eureka|darwin|map_elites|mapelites|nsga|cvt_elites|fec|"
    "gepa|eoh|reevo|cma_me|novelty_search|mcts|puct|openai|anthropic|gemini|claude|circle_packing"
)
BROAD = {"Exception", "BaseException"}
TEXT_ENDINGS = {".py", ".md", ".toml", ".json", ".yaml", ".yml", ".txt", ".cfg", ".html", ".jinja", ""}


def test_a_broad_except_stands_only_at_a_marked_border() -> None:
    unmarked = [
        source.at(node)
        for source in sources("engine", "plugins", "problems")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler) and _swallows_everything(node) and not _marked(source, node.lineno)
    ]
    assert not unmarked


def test_the_library_never_prints() -> None:
    prints = [
        source.at(node)
        for source in sources(*LIBRARY)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not prints


def test_no_module_is_called_utils() -> None:
    vague = {"utils.py", "util.py", "helpers.py", "misc.py", "common.py", "manager.py"}
    assert not [s.name for s in sources(*EVERYWHERE) if s.path.name in vague]


def test_the_core_never_imports_the_plugins_or_the_problems() -> None:
    wrong = [
        f"{source.at(node)} imports {name}"
        for source in sources("engine")
        for node, name in imported(source.tree)
        if name.split(".")[0] in {"evolve_plugins", "evolve_problems"}
    ]
    assert not wrong


FACE = ("evolve.instance", "evolve.primitives", "evolve.straight", "evolve.strict")
"""What a problem may import beside `evolve` itself. Scripts that a person starts may read runs, too."""


def test_problems_import_nothing_of_the_engine_but_its_public_face() -> None:
    wrong = [
        f"{source.at(node)} imports {name}"
        for source in sources("problems")
        if not source.path.name.startswith("test_") and "__main__" not in source.path.read_text(encoding="utf-8")
        for node, name in imported(source.tree)
        if name.startswith(("evolve_plugins", "evolve.")) and not name.startswith(FACE)
    ]
    assert not wrong


def test_the_core_names_no_system() -> None:
    known = re.compile(rf"(?:^|_)(?:{SYSTEMS})(?:_|$)", re.IGNORECASE)
    named = [
        f"{source.at(node)} {name}"
        for source in sources("engine")
        for node in ast.walk(source.tree)
        for name in _identifiers(node)
        if known.search(name)
    ]
    assert not named


def test_the_core_never_asks_for_a_shipped_plugin_class() -> None:
    plugin_names = {cls.__name__ for classes in shipped_plugins().values() for cls in classes.values()}
    named = [
        f"{source.at(node)} {node.id}"
        for source in sources("engine")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name) and node.id in plugin_names
    ]
    assert plugin_names
    assert not named


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a path of one person's machine", r"(?<![\w.])/(?:home|root|work|Users)/"),
        ("a folder outside the repository", r"(?<![\w/])(?:\.\./)?shared" + "/"),
        ("a package registry's host", r"(?:pypi|pythonhosted)\.org"),
    ],
)
def test_no_file_names_a_place_that_readers_do_not_have(what: str, pattern: str) -> None:
    found = []
    for path in _text_files():
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="ignore").splitlines(), 1):
            if re.search(pattern, line) and path.name != "test_habits.py":
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found, f"{what} is named"


def _swallows_everything(handler: ast.ExceptHandler) -> bool:
    """A handler that ends by raising the same error again hides nothing."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    broad = any(part is None or (isinstance(part, ast.Name) and part.id in BROAD) for part in caught)
    last = handler.body[-1]
    return broad and not (isinstance(last, ast.Raise) and last.exc is None)


def _marked(source: Source, lineno: int) -> bool:
    """The mark stands on the `except` line or on the one above or below it."""
    return any("border:" in line for line in source.text.splitlines()[max(0, lineno - 2) : lineno + 1])


def _identifiers(node: ast.AST) -> list[str]:
    """Return the names that a node defines or uses, and a string constant that is one word."""
    names = [getattr(node, field, None) for field in ("id", "attr", "name", "arg")]
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
        names.append(node.value)
    return [name for name in names if isinstance(name, str)]


def _text_files() -> list[Path]:
    hidden = {".git", "__pycache__", "_build", "runs", ".venv", "build", "dist"}
    return [
        path
        for path in sorted(ROOT.rglob("*"))
        if path.is_file()
        and path.suffix in TEXT_ENDINGS
        and not any(part in hidden or part.endswith("_cache") or part == ".hypothesis" for part in path.parts)
    ]
