"""What the house tests look at: the repository's Python files, parsed once, and its shipped plugins."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ("engine", "plugins")
EVERYWHERE = ("engine", "plugins", "problems", "tests", "benchmarks", "docs")
SKIPPED = {"__pycache__", "_build", "runs", "cheats", "templates"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file, read and parsed."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Its path as people write it, relative to the repository."""
        return self.path.relative_to(ROOT).as_posix()

    def line(self, node: ast.AST) -> str:
        """The text of the line that a node starts on."""
        return self.text.splitlines()[getattr(node, "lineno", 1) - 1]

    def at(self, node: ast.AST) -> str:
        """`path:line` of a node."""
        return f"{self.name}:{getattr(node, 'lineno', 1)}"


@functools.cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Return the Python files below some top-level folders."""
    found = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not SKIPPED.intersection(path.relative_to(ROOT).parts):
                text = path.read_text(encoding="utf-8")
                found.append(Source(path, text, ast.parse(text)))
    return tuple(found)


def functions(tree: ast.AST) -> Iterator[Function]:
    """Walk over all functions and methods."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def imported(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Walk over all imports, with the full name of each imported module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node, node.module


def library_modules() -> Iterator[ModuleType]:
    """Import every module of the engine and of the shipped plugins."""
    for package_name in ("evolve", "evolve_plugins"):
        package = importlib.import_module(package_name)
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package_name}."):
            if not found.name.endswith("__main__") and ".templates" not in found.name:
                yield importlib.import_module(found.name)


def hooks() -> dict[str, inspect.Signature]:
    """Return the signature of every hook by name."""
    module = importlib.import_module("evolve.hookspecs")
    return {
        name: inspect.signature(value)
        for name, value in vars(module).items()
        if name.startswith("evolve_") and inspect.isfunction(value)
    }


def shipped_plugins() -> dict[str, dict[str, type]]:
    """Return the classes that `evolve_plugins` names, by hook and by name."""
    package = importlib.import_module("evolve_plugins")
    shipped: dict[str, dict[str, type]] = {}
    for hook, signature in hooks().items():
        implementation = getattr(package, hook, None)
        if implementation is None or signature.parameters or hook == "evolve_problems":
            continue
        shipped[hook] = {name: _load(target) for name, target in implementation().items()}
    return shipped


def problem_folders() -> tuple[Path, ...]:
    """Return the folders of the shipped problems."""
    return tuple(sorted(toml.parent for toml in (ROOT / "problems").glob("*/problem.toml")))


def _load(target: type | str) -> type:
    if isinstance(target, type):
        return target
    module, _, name = target.partition(":")
    found: type = getattr(importlib.import_module(module), name)
    return found
