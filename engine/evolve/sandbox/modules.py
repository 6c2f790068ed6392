"""A program's files as importable modules, straight from memory: nothing is written to disk."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import linecache
import sys
from collections.abc import Mapping, Sequence
from types import CodeType, ModuleType
from typing import Any

__all__ = ["ProgramFinder", "install", "load_main"]


class ProgramFinder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds and loads the modules of one program.

    `lib/a.py` is `lib.a`, `lib/__init__.py` is the package `lib`, and a folder without one is a namespace package.

    Args:
        files: text by relative POSIX path.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = dict(files)
        self.modules = {_module_name(path): path for path in files if path.endswith(".py")}
        self.folders = {".".join(path.split("/")[:depth]) for path in files for depth in range(1, len(path.split("/")))}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return how to load a module of the program, or None for every other module."""
        file = self.modules.get(fullname)
        if file is not None:
            spec = importlib.machinery.ModuleSpec(fullname, self, origin=file, is_package=_is_package(file))
            spec.has_location = True
            return spec
        if fullname in self.folders:
            return importlib.machinery.ModuleSpec(fullname, None, is_package=True)
        return None

    def get_source(self, fullname: str) -> str:
        """Return the text of a module."""
        return self.files[self.modules[fullname]]

    def get_code(self, fullname: str) -> CodeType:
        """Compile a module under its path in the program, so that tracebacks show its lines."""
        path = self.modules[fullname]
        return compile(self.files[path], path, "exec", dont_inherit=True)

    def get_data(self, path: str) -> bytes:
        """Return any file of the program, for `pkgutil.get_data`."""
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path].encode()

    def is_package(self, fullname: str) -> bool:
        """Tell whether a module is a package."""
        return _is_package(self.modules[fullname])


def install(files: Mapping[str, str]) -> ProgramFinder:
    """Make a program importable in this process, ahead of everything that is not imported yet.

    Args:
        files: text by relative POSIX path.
    """
    finder = ProgramFinder(files)
    sys.meta_path.insert(0, finder)
    for path, text in finder.files.items():
        entry: Any = (text.__str__,)  # split into lines only when an error shows one
        linecache.cache[path] = entry
    return finder


def load_main(finder: ProgramFinder, main: str) -> ModuleType:
    """Import the main file under its own name: `program.py` is the module `program`.

    Raises:
        ImportError: the main file is not Python.
    """
    if not main.endswith(".py"):
        raise ImportError(f"{main} is not a Python file")
    name = _module_name(main)
    if "." in name:
        return importlib.import_module(name)
    module = sys.modules[name] = ModuleType(name)  # what importlib does, without its search
    module.__spec__, module.__loader__, module.__file__ = finder.find_spec(name), finder, main
    module.__package__ = ""
    try:
        exec(finder.get_code(name), module.__dict__)
    except BaseException:  # border: whatever the program raises is its answer; nothing is swallowed
        del sys.modules[name]
        raise
    return module


def _module_name(path: str) -> str:
    parts = path.removesuffix(".py").split("/")
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts)


def _is_package(path: str) -> bool:
    return path.endswith("/__init__.py")
