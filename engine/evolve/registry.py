"""`Registry`: finds plugins, checks that they keep their contract, and builds them from settings.

Three ways in, one code path: entry points of the group "evolve" (our own included), and a problem folder's
`plugin.py`. One is made per run; there is no global one.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import inspect
import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from evolve import hookspecs
from evolve.building import Builder
from evolve.config import PluginTable
from evolve.errors import PluginError, did_you_mean
from evolve.events import Event
from evolve.interfaces import (
    Archive,
    Curriculum,
    Evaluator,
    Executor,
    Gate,
    ModelClient,
    Mutator,
    Selector,
    Strategy,
)
from evolve.loading import LOCATED, class_path, load_class, load_file
from evolve.program import Program

if TYPE_CHECKING:
    import click

__all__ = ["KINDS", "BrokenPlugin", "Registry"]

_log = logging.getLogger(__name__)

KINDS: Mapping[str, type[Any]] = {
    "archive": Archive,
    "curriculum": Curriculum,
    "evaluator": Evaluator,
    "executor": Executor,
    "gate": Gate,
    "model": ModelClient,
    "mutator": Mutator,
    "selector": Selector,
    "strategy": Strategy,
}
_DEFAULTS = {
    "archive": ("islands",),
    "evaluator": ("python",),
    "selector": ("tournament",),
    "mutator": ("ast_edit", "constants", "gp", "graft", "crossover", "bake", "thaw", "reseed", "numbers"),
}
"""What a plugin gets that needs plugins of these kinds, when nobody says which; names that are missing are left out."""

_HOOKS = {
    "archive": "evolve_archives",
    "curriculum": "evolve_curricula",
    "evaluator": "evolve_evaluators",
    "executor": "evolve_executors",
    "gate": "evolve_gates",
    "model": "evolve_models",
    "mutator": "evolve_mutators",
    "problem": "evolve_problems",
    "selector": "evolve_selectors",
    "strategy": "evolve_strategies",
}


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """A plugin, or a part of one, that was left out.

    Args:
        name: of the plugin.
        reason: one line.
    """

    name: str
    reason: str


class Registry:
    """All plugins that one run can use.

    Args:
        entry_points: load what is installed; tests may say False.
    """

    def __init__(self, entry_points: bool = True) -> None:
        self._manager = pluggy.PluginManager("evolve")
        self._manager.add_hookspecs(hookspecs)
        self._found: dict[tuple[str, str], list[tuple[str, Any]]] = defaultdict(list)
        self._broken: list[BrokenPlugin] = []
        if entry_points:
            for entry in sorted(importlib.metadata.entry_points(group="evolve"), key=lambda e: e.name != "builtins"):
                try:
                    self.add(entry.name, entry.load())
                except PluginError as error:
                    self._broken.append(BrokenPlugin(entry.name, str(error)))
                except Exception as error:  # border: entry-point import  # noqa: BLE001
                    self._broken.append(BrokenPlugin(entry.name, _one_line(error)))

    def add(self, name: str, plugin: object) -> None:
        """Take in a module or object with hook implementations.

        Raises:
            PluginError: a hook is async, unknown, has wrong arguments, or does not return names.
        """
        try:
            self._refuse_async(name, plugin)
            self._manager.register(plugin, name)
            self._manager.check_pending()
            found = {hook: self._names_of(name, plugin, hook) for hook in _HOOKS.values()}
        except (PluginError, ValueError, pluggy.PluginValidationError) as error:
            if self._manager.has_plugin(name) and self._manager.get_plugin(name) is plugin:
                self._manager.unregister(name=name)
            raise error if isinstance(error, PluginError) else PluginError(f"plugin {name!r}: {error}") from error
        for kind, hook in _HOOKS.items():
            for known, target in found[hook].items():
                self._found[kind, known].append((name, target))

    def add_folder(self, folder: Path) -> bool:
        """Load a problem folder's `plugin.py`, if it has one, and say whether it has.

        Raises:
            PluginError: it does not import, or breaks a hook's contract.
        """
        path = folder.resolve() / "plugin.py"
        if not path.is_file():
            return False
        try:
            module = load_file(path)
        except Exception as error:  # border: entry-point import (a folder's plugin is one)
            raise PluginError(f"{path}: does not import: {_one_line(error)}") from error
        self.add(f"{path.parent.name}/plugin.py", module)
        return True

    @property
    def broken(self) -> tuple[BrokenPlugin, ...]:
        """What was left out: plugins that do not load, and names that two plugins claim."""
        twice = [
            BrokenPlugin(" and ".join(plugin for plugin, _ in claims), f"both register the {kind} {name!r}")
            for (kind, name), claims in sorted(self._found.items())
            if len(claims) > 1
        ]
        return (*self._broken, *twice)

    def names(self, kind: str) -> tuple[str, ...]:
        """Return the known names of a kind ("archive", "mutator", ..., "problem"), sorted."""
        return tuple(sorted(name for known, name in self._found if known == kind))

    def where(self, kind: str, name: str) -> str:
        """Return which plugin registered a name.

        Raises:
            PluginError: nobody did, or two did.
        """
        return self._claim(kind, name)[0]

    def resolve(self, kind: str, name: str) -> type[Any]:
        """Import the class behind a name.

        Raises:
            PluginError: it is unknown, does not import, or is not of that kind.
        """
        plugin, target = self._claim(kind, name)
        label = f"{kind} {name!r} of plugin {plugin!r}"
        if isinstance(target, str):
            try:
                target = load_class(target)
            except Exception as error:  # border: entry-point import, put off until now
                raise PluginError(f"{label}: cannot import {target}: {_one_line(error)}") from error
        if not (isinstance(target, type) and issubclass(target, KINDS[kind])):
            raise PluginError(f"{label}: must be a subclass of evolve.{KINDS[kind].__name__}, is {target!r}")
        missing = sorted(getattr(target, "__abstractmethods__", ()))
        if missing:
            raise PluginError(f"{label}: does not define {', '.join(missing)}")
        return target

    def build(
        self, kind: str, table: PluginTable | Mapping[str, Any] | str, given: Mapping[str, Any] | None = None
    ) -> Any:
        """Make a plugin from its table.

        Args:
            kind: what it must be.
            table: `{use = "name", ...}` or the name.
            given: fields that the user set elsewhere, such as `[archive]` for a strategy: the plugin must have them;
                None says nothing.

        Raises:
            PluginError: there is no such plugin, or it breaks its contract.
            ConfigError: a setting is unknown, missing, mistyped or out of range.
        """
        said = {name: value for name, value in (given or {}).items() if value is not None}
        defaults = {of: [name for name in names if (of, name) in self._found] for of, names in _DEFAULTS.items()}
        return Builder(self.resolve, KINDS, defaults).build(kind, table, said, kind)

    def locate(self, kind: str, table: PluginTable) -> tuple[str, dict[str, Any]]:
        """Return from where another process imports a plugin's class, and its checked settings.

        Raises:
            PluginError: there is no such plugin, or it breaks its contract.
            ConfigError: a setting is unknown, missing, mistyped or out of range.
        """
        plugin = self.build(kind, table)
        return class_path(type(plugin)), {**table.settings, **_plugins_in(plugin)}

    def problems(self) -> dict[str, Path]:
        """Return the shipped problem folders by name."""
        return {name: Path(claims[0][1]) for (kind, name), claims in self._found.items() if kind == "problem"}

    def fingerprint(self, program: Program, problem: str) -> str | None:
        """Ask plugins for a class key; the last registered is asked first."""
        key: str | None = self._manager.hook.evolve_fingerprint(program=program, problem=problem)
        return key

    def notify(self, event: Event) -> None:
        """Show a fact to every observer alone; one that raises is logged and does no harm."""
        for impl in self._manager.hook.evolve_event.get_hookimpls():
            try:
                impl.function(*(event for _ in impl.argnames))
            except Exception:  # border: observer call  # noqa: BLE001
                _log.exception("observer of plugin %r failed on %s", impl.plugin_name, type(event).__name__)

    def add_commands(self, cli: click.Group) -> None:
        """Let plugins add subcommands to the command line, each alone; one that fails is remembered as broken."""
        for impl in self._manager.hook.evolve_commands.get_hookimpls():
            try:
                impl.function(*(cli for _ in impl.argnames))
            except Exception as error:  # border: entry-point import (its commands too)  # noqa: BLE001
                self._broken.append(BrokenPlugin(impl.plugin_name, f"evolve_commands raised {_one_line(error)}"))

    def _claim(self, kind: str, name: str) -> tuple[str, Any]:
        claims = self._found.get((kind, name), [])
        if not claims:
            left_out = "".join(f"; plugin {b.name!r} was left out ({b.reason})" for b in self._broken)
            raise PluginError(f"no {kind} {name!r}{did_you_mean(name, self.names(kind))}{left_out}")
        if len(claims) > 1:
            both = " and ".join(repr(plugin) for plugin, _ in claims)
            raise PluginError(f"the {kind} {name!r} is registered by {both}; rename or remove one of them")
        return claims[0]

    def _refuse_async(self, name: str, plugin: object) -> None:
        for attribute in dir(plugin):
            function = getattr(plugin, attribute, None)
            if self._manager.parse_hookimpl_opts(plugin, attribute) is None:
                continue
            if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
                raise PluginError(f"plugin {name!r}: {attribute} is async; write a plain def")

    def _names_of(self, name: str, plugin: object, hook: str) -> Mapping[str, Any]:
        if self._manager.parse_hookimpl_opts(plugin, hook) is None:
            return {}
        try:
            names = getattr(plugin, hook)()
        except Exception as error:  # border: entry-point import (naming hooks belong to it)  # noqa: BLE001
            self._broken.append(BrokenPlugin(name, f"{hook} raised {_one_line(error)}"))
            return {}
        if not isinstance(names, Mapping) or not all(isinstance(key, str) for key in names):
            raise PluginError(f"plugin {name!r}: {hook} must return a mapping of name to class, not {names!r}")
        return names


def _plugins_in(plugin: Any) -> dict[str, Any]:
    """Return those settings that are plugins, in the form that `load_plugin` reads."""
    found = {}
    for field in dataclasses.fields(plugin):
        value = getattr(plugin, field.name) if field.init else None
        inner = value if isinstance(value, tuple) else (value,)
        if inner and all(isinstance(item, tuple(KINDS.values())) for item in inner):
            plain = [{LOCATED: class_path(type(item)), **_settings_of(item)} for item in inner]
            found[field.name] = plain if isinstance(value, tuple) else plain[0]
    return found


def _settings_of(plugin: Any) -> dict[str, Any]:
    own = {field.name: getattr(plugin, field.name) for field in dataclasses.fields(plugin) if field.init}
    return {**own, **_plugins_in(plugin)}


def _one_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
