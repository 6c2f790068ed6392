"""Which models a run has: from the tables of its configuration to lines with prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evolve.client import ModelClient
from evolve.config import PluginTable
from evolve.errors import ConfigError, PluginError
from evolve.models.line import Line
from evolve.models.prices import Price, find_price
from evolve.registry import Registry
from evolve.tables import ModelTable

__all__ = ["lines_of", "prices_of"]


def lines_of(tables: Sequence[ModelTable], registry: Registry) -> dict[str, Line]:
    """Build the clients that a configuration names; nothing is asked, and no key is needed yet.

    Returns:
        The lines by name: "client:model", with "#2" and so on where one comes twice.

    Raises:
        PluginError: there is no such client.
        ConfigError: a setting does not fit.
    """
    lines: dict[str, Line] = {}
    for table in tables:
        client: ModelClient = registry.build("model", PluginTable(use=table.use, **table.settings))
        plain = name = f"{table.use}:{client.model}"
        count = 1
        while name in lines:
            count += 1
            name = f"{plain}#{count}"
        lines[name] = Line(name, client, table)
    return lines


def prices_of(lines: Mapping[str, Line], *, needed: bool) -> dict[str, Price | None]:
    """Return what each model costs; None where nobody knows.

    Args:
        lines: the models by name.
        needed: there is a budget in dollars, so that every price must be known.

    Raises:
        ConfigError: a price is needed and not known, or only half of it is set.
        PluginError: a price is needed, and the table of prices is not installed.
    """
    return {name: _price(line, needed) for name, line in lines.items()}


def _price(line: Line, needed: bool) -> Price | None:
    table = line.settings
    if (table.price_in is None) is not (table.price_out is None):
        raise ConfigError(f"model {line.name}: set both price_in and price_out, or neither")
    if table.price_in is not None and table.price_out is not None:
        return Price(table.price_in, table.price_out, table.price_in)
    try:
        found = find_price(table.use, line.client.model, line.client.address)
    except PluginError:
        if needed:
            raise
        return None
    if found is None and needed:
        raise ConfigError(
            f"model {line.name}: nobody knows its price, so a budget in usd cannot be kept; set price_in and price_out "
            "(US dollars per million tokens; 0 for a model of your own), or give the budget in tokens"
        )
    return found
