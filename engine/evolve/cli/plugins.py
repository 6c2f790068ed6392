"""`evolve plugins`: what there is, and who brought it."""

from __future__ import annotations

import click

from evolve.cli import options

__all__ = ["plugins"]


@click.command(short_help="List the plugins: kind, name, package, what it does.")
@options.json_output
def plugins(as_json: bool) -> None:
    """List the plugins of every kind by name, with the package that brought each, and those that are broken."""
    import json

    from evolve.errors import PluginError
    from evolve.registry import KINDS, Registry

    registry = Registry()
    rows: list[tuple[str, str, str, str]] = []
    broken = [(plugin.name, plugin.reason) for plugin in registry.broken]
    for kind in KINDS:
        for name in registry.names(kind):
            try:
                doc = (registry.resolve(kind, name).__doc__ or "").strip().partition("\n")[0]
                rows.append((kind, name, registry.where(kind, name), doc))
            except PluginError as error:
                broken.append((f"{kind} {name}", str(error)))
    for name, folder in sorted(registry.problems().items()):
        rows.append(("problem", name, registry.where("problem", name), str(folder)))
    if as_json:
        listed = [dict(zip(("kind", "name", "plugin", "doc"), row, strict=True)) for row in rows]
        click.echo(json.dumps({"plugins": listed, "broken": [{"name": n, "reason": r} for n, r in broken]}))
        return
    widths = [max(len(row[column]) for row in rows) if rows else 0 for column in range(3)]
    for row in rows:
        cells = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False))
        click.echo(f"{cells}  {row[3]}")
    for name, reason in broken:
        click.echo(f"broken: {name}: {reason}", err=True)
