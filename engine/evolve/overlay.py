"""Plain settings before they are checked: read TOML, parse `--set` and `--budget`, lay one table over another."""

from __future__ import annotations

import datetime
import math
import re
import reprlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evolve.errors import BudgetError, ConfigError, did_you_mean

__all__ = ["Layer", "explain", "merge", "parse_budget", "parse_models", "parse_override", "read_toml"]

_UNITS = {
    "s": ("seconds", 1.0),
    "m": ("seconds", 60.0),
    "min": ("seconds", 60.0),
    "h": ("seconds", 3600.0),
    "cpu": ("cpu_seconds", 1.0),
    "trial": ("trials", 1.0),
    "trials": ("trials", 1.0),
    "evaluation": ("evaluations", 1.0),
    "evaluations": ("evaluations", 1.0),
    "usd": ("usd", 1.0),
    "token": ("tokens", 1.0),
    "tokens": ("tokens", 1.0),
}
_AMOUNT = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-z_]*)\s*")
_DICTIONARY = re.compile(r"a valid dictionary(?: or instance of \w+)?")
_BARE_WORD = re.compile(r"[^\s\"'\[\]{}=,#][^\"'\[\]{}=,#\n]*")


@dataclass(frozen=True, slots=True)
class Layer:
    """One source of settings.

    Args:
        label: what an error calls it, such as "problems/x/problem.toml" or "--set archive.k=3".
        table: its settings, nested plain data.
    """

    label: str
    table: Mapping[str, Any]

    def mentions(self, path: Sequence[str | int]) -> bool:
        """Tell whether this layer says something at a path."""
        here: Any = self.table
        for part in path:
            if isinstance(here, Mapping) and str(part) in here:
                here = here[str(part)]
            elif isinstance(here, list) and isinstance(part, int) and part < len(here):
                here = here[part]
            else:
                return False
        return True


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file as plain data; dates become ISO text.

    Raises:
        ConfigError: it cannot be read or is not TOML; says in which line.
    """
    try:
        return _plain(tomllib.loads(path.read_text(encoding="utf-8")))  # type: ignore[no-any-return]
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text ({error.reason})") from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error


def parse_override(text: str) -> Layer:
    """Read `a.b=TOML`; a bare word that is no TOML value is a string.

    Raises:
        ConfigError: there is no `=`, an empty name, or a broken value.
    """
    label = f"--set {text}"
    name, equals, value = text.partition("=")
    parts = [part.strip() for part in name.split(".")]
    if not equals or not all(parts):
        raise ConfigError(f"{label}: write NAME=VALUE, such as --set archive.k=3")
    value = value.strip()
    try:
        table: Any = _plain(tomllib.loads(f"value = {value}"))["value"]
    except tomllib.TOMLDecodeError as error:
        if not _BARE_WORD.fullmatch(value):
            raise ConfigError(f"{label}: {value!r} is not a TOML value ({error})") from error
        table = value
    for part in reversed(parts):
        table = {part: table}
    return Layer(label, table)


def parse_models(texts: Sequence[str]) -> tuple[Layer, ...]:
    """Read `--model` texts such as "openai:NAME" or "openai:NAME,base_url=http://localhost:8000/v1,weight=2".

    Naming a model means that models propose: the operators become those that ask one, whatever the problem says.

    Args:
        texts: what the user wrote, one per model.

    Returns:
        A layer of settings, or nothing when there is no text.

    Raises:
        ConfigError: a text has no client, no name, or a broken setting.
    """
    if not texts:
        return ()
    tables = []
    for text in texts:
        client, colon, rest = text.partition(":")
        name, *settings = rest.split(",")
        if not (colon and client.strip() and name.strip()):
            raise ConfigError(f"--model {text}: write CLIENT:NAME, such as openai:gpt-5-mini or anthropic:NAME")
        table = {"use": client.strip(), "model": name.strip()}
        for setting in settings:
            try:
                table |= parse_override(setting).table
            except ConfigError as error:
                raise ConfigError(f"--model {text}: write settings as NAME=VALUE, separated by commas") from error
        tables.append(table)
    proposing = {"mutator": {"use": "llm"}, "mutators": (), "selector": {"use": "tournament", "inspirations": 4}}
    return (Layer("--model " + " ".join(texts), {"models": tables, **proposing}),)


def parse_budget(text: str) -> dict[str, float | None]:
    """Read a budget such as "60s", "5m", "200trials", "300evaluations", "120cpu", "2usd", "1e6tokens", or several.

    Args:
        text: what the user wrote; several amounts are separated by commas.

    Returns:
        All fields of the `budget` table, None where there is no limit, so that it replaces a budget as a whole.

    Raises:
        BudgetError: an amount is not above zero, or a unit is unknown.
    """
    budget: dict[str, float | None] = dict.fromkeys(field for field, _ in _UNITS.values())
    for part in text.split(","):
        found = _AMOUNT.fullmatch(part)
        if not found:
            raise BudgetError(f"budget {part.strip()!r}: write a number and a unit, such as 60s, 5m, 200trials, 2usd")
        unit = found[2].lower()
        if unit not in _UNITS:
            hint = did_you_mean(unit, _UNITS) if unit else "; known are " + ", ".join(_UNITS)
            raise BudgetError(f"budget {part.strip()!r}: {'unknown' if unit else 'missing'} unit{hint}")
        field, factor = _UNITS[unit]
        amount = float(found[1]) * factor
        if not (amount > 0 and math.isfinite(amount)):
            raise BudgetError(f"budget {part.strip()!r}: must be above zero")
        if field in ("trials", "evaluations"):
            if amount != int(amount):
                raise BudgetError(f"budget {part.strip()!r}: must be a whole number")
            amount = int(amount)
        budget[field] = amount
    return budget


def explain(error: Mapping[str, Any]) -> str:
    """Say what one pydantic error means, and what stood there instead."""
    message = str(error["msg"]).removeprefix("Value error, ").replace("Input should", "must", 1)
    message = _DICTIONARY.sub("a table", message).replace("a valid tuple", "a list")
    if error["type"] in ("missing", "unknown_key") or not message.startswith("must"):
        return "needs a value" if error["type"] == "missing" else message
    return f"{message}, not {reprlib.repr(error['input'])}"


def merge(base: Any, over: Any) -> Any:
    """Lay `over` over `base`: tables are merged key by key, everything else is replaced.

    Where both name a plugin and the names differ, the lower settings belong to another plugin and are dropped.
    A table with numbers as keys changes the entries of a list: `stages.0.wall_s`.
    """
    if isinstance(base, Mapping) and "use" in base and isinstance(over, str):
        over = {"use": over}
    if isinstance(base, str) and isinstance(over, Mapping) and over and "use" not in over:
        base = {"use": base}
    if isinstance(base, list) and isinstance(over, Mapping) and over and all(key.isdecimal() for key in over):
        merged = list(base)
        for key, value in over.items():
            if int(key) < len(merged):
                merged[int(key)] = merge(merged[int(key)], value)
            else:
                merged.append(value)
        return merged
    if not isinstance(base, Mapping) or not isinstance(over, Mapping):
        return over
    if "use" in base and over.get("use", base["use"]) != base["use"]:
        return dict(over)
    both = {key: merge(base[key], over[key]) for key in over if key in base}
    return {**base, **over, **both}


def _plain(value: Any) -> Any:
    """Turn TOML's dates and times into text, so that a record gives back what was read."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return value
