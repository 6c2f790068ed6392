"""`evolve doctor`: what this machine and installation can do."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

__all__ = ["doctor"]

_LIBRARIES = ("numpy", "scipy", "cma", "deap", "pydantic", "pluggy", "click", "rich", "matplotlib")
_FOR_MODELS = re.compile(r"""([\w-]+).*;.*extra == ['"]models['"]""")


@click.command(short_help="Say what this machine and installation can do.")
@click.pass_context
def doctor(context: click.Context) -> None:
    """Print versions, processors, the isolation that holds here, and broken plugins; exit code 2 if there are any."""
    import platform
    from importlib import metadata

    from evolve import __version__
    from evolve.registry import Registry

    click.echo(f"evolve     {__version__}")
    click.echo(f"python     {platform.python_version()} ({platform.python_implementation()})")
    click.echo(f"platform   {platform.platform()}")
    click.echo(f"processors {_processors()}")
    click.echo(f"libraries  {', '.join(f'{name} {metadata.version(name)}' for name in _LIBRARIES)}")
    click.echo(f"models     {_for_models()}")
    for line in _isolation():
        click.echo(f"isolation  {line}")
    registry = Registry()
    for plugin in registry.broken:
        click.echo(f"broken     {plugin.name}: {plugin.reason}")
    click.echo("plugins    all load" if not registry.broken else "plugins    see above")
    context.exit(2 if registry.broken else 0)


def _for_models() -> str:
    """Say which packages for models are installed; keys are not looked at."""
    from importlib import metadata, util

    wanted = [found[1] for line in metadata.requires("evolve-engine") or () if (found := _FOR_MODELS.match(line))]
    there = [f"{name} {metadata.version(name)}" for name in wanted if util.find_spec(name.replace("-", "_"))]
    if len(there) == len(wanted):
        return ", ".join(there)
    return f"{', '.join(there) or 'none'}; the rest comes with `pip install 'evolve-engine[models]'`"


def _processors() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _isolation() -> Iterator[str]:
    """Climb the ladder, send a hostile program through the real sandbox, and say what held."""
    import tempfile

    from evolve.errors import EvolveError
    from evolve.sandbox import layers, rungs, selftest
    from evolve.sandbox.warm import WarmParent

    unfit = rungs.only_linux()
    if unfit:
        yield f"none: {unfit}"
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            warm = WarmParent((), hidden=[folder])
        except EvolveError as error:
            yield f"none: {error}"
            return
        try:
            probes = selftest.probe_all(warm, folder)
        finally:
            warm.close()
    yield f"rung {warm.rung} of {rungs.LOWEST} (1 is best): {rungs.NAMES[warm.rung]}"
    for reason in warm.reasons:
        yield f"not {reason}"
    if warm.rung > 1:
        yield f"for rung {warm.rung - 1}: {rungs.how_to_get(warm.rung - 1)}"
    for layer in (*layers.zygote_layers(warm.rung), *layers.child_layers(warm.rung)):
        missing = layer in layers.zygote_layers(warm.rung) and layer.__name__ not in warm.fences
        yield f"{'NOT AVAILABLE HERE: ' if missing else ''}{layer.__name__}: {_doc(layer)}"
    for probe in probes:
        yield f"{'holds' if probe.held else 'FAILS'}: a program tried to {probe.what}" + (
            "" if probe.held or not probe.said else f", and got {probe.said!r}"
        )
    if warm.rung > rungs.NAMESPACES:
        yield 'the tier "processes" and limits.scratch_mb need rung 2 or better'


def _doc(layer: object) -> str:
    return (layer.__doc__ or "").strip().partition("\n")[0]
