"""Find code by its place: `"module:Class"`, or `"/a/folder/plugin.py:Class"` for a file outside any package."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["class_path", "load_class", "load_file"]

_PREFIX = "evolve_file_"


def load_file(path: Path) -> ModuleType:
    """Execute a Python file as a module of its own, anew at each call.

    Args:
        path: of the file; the module's name follows from it, so two files never share one.
    """
    name = _PREFIX + hashlib.blake2b(str(path.resolve()).encode(), digest_size=8).hexdigest()
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up while it is being executed
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def load_class(path: str) -> type[Any]:
    """Import the class that `class_path` described, also in another process."""
    module, _, name = path.rpartition(":")
    home = load_file(Path(module)) if module.endswith(".py") else importlib.import_module(module)
    found: type[Any] = getattr(home, name)
    return found


def class_path(cls: type[Any]) -> str:
    """Return from where another process can import a class."""
    module = cls.__module__
    if module.startswith(_PREFIX):
        return f"{sys.modules[module].__file__}:{cls.__qualname__}"
    return f"{module}:{cls.__qualname__}"
