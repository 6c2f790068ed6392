"""`evolve doctor`: what this machine and installation can do."""

from __future__ import annotations

import click

__all__ = ["doctor"]

_LIBRARIES = ("numpy", "scipy", "cma", "deap", "pydantic", "pluggy", "click", "rich", "matplotlib")
_ASK_FENCES = "from evolve.sandbox.layers import raise_fences; print(*sorted(raise_fences([])))"


@click.command(short_help="Say what this machine and installation can do.")
@click.pass_context
def doctor(context: click.Context) -> None:
    """Print versions, processors, which isolation holds here, and broken plugins; exit code 2 if there are any."""
    import os
    import platform
    from importlib import metadata

    from evolve import __version__
    from evolve.registry import Registry

    click.echo(f"evolve     {__version__}")
    click.echo(f"python     {platform.python_version()} ({platform.python_implementation()})")
    click.echo(f"platform   {platform.platform()}")
    click.echo(f"processors {len(os.sched_getaffinity(0))}")
    click.echo(f"libraries  {', '.join(f'{name} {metadata.version(name)}' for name in _LIBRARIES)}")
    for line in _isolation():
        click.echo(f"isolation  {line}")
    registry = Registry()
    for plugin in registry.broken:
        click.echo(f"broken     {plugin.name}: {plugin.reason}")
    click.echo("plugins    all load" if not registry.broken else "plugins    see above")
    context.exit(2 if registry.broken else 0)


def _isolation() -> list[str]:
    """Ask a process of its own which layers hold: they cannot be taken down again."""
    import subprocess
    import sys

    from evolve.sandbox.layers import CHILD_LAYERS, ZYGOTE_LAYERS

    asked = subprocess.run([sys.executable, "-c", _ASK_FENCES], capture_output=True, text=True, timeout=60, check=False)
    holding = set(asked.stdout.split())
    lines = [f"{layer.__name__}: {_doc(layer)}" for layer in CHILD_LAYERS]
    for layer in ZYGOTE_LAYERS:
        state = "" if layer.__name__ in holding else "NOT AVAILABLE HERE: "
        lines.append(f"{state}{layer.__name__}: {_doc(layer)}")
    return lines


def _doc(layer: object) -> str:
    return (layer.__doc__ or "").strip().partition("\n")[0]
