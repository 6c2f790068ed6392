"""From a settings table to a plugin: a plain dataclass whose init fields are its settings."""

from __future__ import annotations

import collections.abc
import dataclasses
import inspect
import json
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Union

import pydantic

from evolve.config import PluginTable
from evolve.errors import ConfigError, PluginError, did_you_mean
from evolve.overlay import explain

__all__ = ["Builder"]


@dataclasses.dataclass(frozen=True, slots=True)
class Builder:
    """Makes plugins from their tables; fields that are plugins themselves are made first, from tables of their own.

    Args:
        resolve: finds the class behind a kind and a name.
        kinds: interface class by kind.
        defaults: names of the plugins, by kind, that a needed field gets when nobody set it.
    """

    resolve: Callable[[str, str], type[Any]]
    kinds: Mapping[str, type[Any]]
    defaults: Mapping[str, Sequence[str]]

    def build(
        self, kind: str, table: PluginTable | Mapping[str, Any] | str, given: Mapping[str, Any], path: str
    ) -> Any:
        """Make one plugin.

        Args:
            kind: what is to be made.
            table: `{use = "name", ...}` or the name.
            given: fields set elsewhere; the plugin must have them.
            path: where the table stands.

        Raises:
            PluginError: the class cannot be built from settings at all.
            ConfigError: a setting is unknown, missing, mistyped or out of range.
        """
        name, settings = _read(table, path)
        cls = self.resolve(kind, name)
        label = f"{kind} {name!r}"
        if not dataclasses.is_dataclass(cls):
            raise PluginError(f"{label}: {cls.__qualname__} must be a @dataclass; its fields are its settings")
        fields = {f.name: f for f in dataclasses.fields(cls) if f.init and not f.name.startswith("_")}
        _check_names(label, path, fields, settings, given)
        values: dict[str, Any] = {}
        for field, spec in fields.items():
            annotation = _annotation(cls, spec, label)
            needed = spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING
            if field in given:
                values[field] = self._value(annotation, given[field], field)
            elif field in settings:
                values[field] = self._value(annotation, settings[field], f"{path}.{field}")
            elif needed:
                wanted, several = self._plugin_kind(annotation)
                names = self.defaults.get(wanted or "")
                if not names:
                    raise ConfigError(f"{path}.{field}: {label} needs a value ({spec.type})")
                values[field] = self._value(annotation, names if several else names[0], field)
        try:
            return cls(**values)
        except ValueError as error:
            raise ConfigError(f"{path}: {label}: {error}") from error

    def _value(self, annotation: Any, value: Any, path: str) -> Any:
        """Check one setting, or build the plugins that it names."""
        kind, several = self._plugin_kind(annotation)
        if kind is None:
            return _plain(annotation, value, path)
        if not several:
            return None if value is None else self.build(kind, value, {}, path)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ConfigError(f"{path}: write a list of plugins, not {value!r}")
        return tuple(self.build(kind, item, {}, f"{path}.{i}") for i, item in enumerate(value))

    def _plugin_kind(self, annotation: Any) -> tuple[str | None, bool]:
        """Tell which kind of plugin an annotation asks for, if any, and whether it asks for several."""
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is Annotated:
            return self._plugin_kind(arguments[0])
        if origin in (Union, types.UnionType):
            found = {self._plugin_kind(a) for a in arguments if a is not type(None)}
            return found.pop() if len(found) == 1 else (None, False)
        if origin in (tuple, list, collections.abc.Sequence):
            return self._plugin_kind(arguments[0])[0], True
        if isinstance(annotation, type):
            return next((kind for kind, base in self.kinds.items() if issubclass(annotation, base)), None), False
        return None, False


def _check_names(
    label: str, path: str, fields: Mapping[str, Any], settings: Mapping[str, Any], given: Mapping[str, Any]
) -> None:
    for field in given:
        if field not in fields:
            raise ConfigError(f"{label} takes no {field}; remove [{field}] or say --set {field}=none")
        if field in settings:
            raise ConfigError(f"{path}.{field}: there is a [{field}] table too; keep one of them")
    for field in settings:
        if field not in fields:
            raise ConfigError(f"{path}.{field}: {label} has no such setting{did_you_mean(field, fields)}")


def _read(table: PluginTable | Mapping[str, Any] | str, path: str) -> tuple[str, dict[str, Any]]:
    if isinstance(table, str):
        return table, {}
    if isinstance(table, PluginTable):
        return table.use, table.settings
    if not isinstance(table, Mapping) or not isinstance(table.get("use"), str):
        raise ConfigError(f'{path}: write a plugin as a name or as {{use = "name", ...}}, not {table!r}')
    return table["use"], {key: value for key, value in table.items() if key != "use"}


def _annotation(cls: type[Any], field: dataclasses.Field[Any], label: str) -> Any:
    """Return a field's type, also where `from __future__ import annotations` left its text only."""
    if not isinstance(field.type, str):
        return field.type
    owner = next(c for c in cls.__mro__ if field.name in inspect.get_annotations(c))
    holder = types.SimpleNamespace(__annotations__={field.name: field.type})
    namespace = {**vars(sys.modules[owner.__module__])}
    try:
        return typing.get_type_hints(holder, namespace, include_extras=True)[field.name]
    except NameError as error:
        raise PluginError(f"{label}: type of {field.name!r} cannot be read: {error}; import it at run time") from error


def _plain(annotation: Any, value: Any, path: str) -> Any:
    try:
        adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(annotation)
        return adapter.validate_json(json.dumps(value), strict=True)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join([path, *map(str, first["loc"])])
        raise ConfigError(f"{place}: {explain(first)}") from error
    except pydantic.errors.PydanticSchemaGenerationError as error:
        raise ConfigError(f"{path}: cannot be set from a file ({annotation})") from error
