"""Find code by its place: `"module:Class"`, or `"/a/folder/plugin.py:Class"` for a file outside any package."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["LOCATED", "class_path", "load_class", "load_file", "load_plugin"]

_PREFIX = "evolve_file_"

LOCATED = "evolve:class"
"""The key under which a plugin inside another one's settings says where its class is."""


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


def load_plugin(path: str, settings: Mapping[str, Any]) -> Any:
    """Make a plugin from where its class is and its settings, in which further plugins may stand.

    Args:
        path: as `class_path` gave it.
        settings: init fields by name; a mapping with the key `LOCATED` is a plugin, its other keys are the settings.
    """

    def made(value: Any) -> Any:
        if isinstance(value, Mapping) and LOCATED in value:
            return load_plugin(value[LOCATED], {key: item for key, item in value.items() if key != LOCATED})
        return [made(item) for item in value] if isinstance(value, list | tuple) else value

    return load_class(path)(**{key: made(value) for key, value in settings.items()})


def class_path(cls: type[Any]) -> str:
    """Return from where another process can import a class."""
    module = cls.__module__
    if module.startswith(_PREFIX):
        return f"{sys.modules[module].__file__}:{cls.__qualname__}"
    return f"{module}:{cls.__qualname__}"
