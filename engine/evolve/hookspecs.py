"""The hooks: how a package, or a problem folder's `plugin.py`, adds to the engine.

Each naming hook returns a mapping of name to class, or to `"module:Class"` so that nothing heavy is imported before
it is used. All hooks are synchronous. Every hook may be used in a problem folder's `plugin.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from evolve.events import Event
    from evolve.program import Program

__all__ = [
    "evolve_archives",
    "evolve_commands",
    "evolve_curricula",
    "evolve_evaluators",
    "evolve_event",
    "evolve_executors",
    "evolve_fingerprint",
    "evolve_gates",
    "evolve_models",
    "evolve_mutators",
    "evolve_problems",
    "evolve_selectors",
    "evolve_strategies",
    "hookimpl",
    "hookspec",
]

hookspec = pluggy.HookspecMarker("evolve")
hookimpl = pluggy.HookimplMarker("evolve")

Names = Mapping[str, "type[Any] | str"]


@hookspec
def evolve_archives() -> Names:  # type: ignore[empty-body]
    """Name archives (`evolve.Archive`)."""


@hookspec
def evolve_selectors() -> Names:  # type: ignore[empty-body]
    """Name selectors (`evolve.Selector`)."""


@hookspec
def evolve_strategies() -> Names:  # type: ignore[empty-body]
    """Name strategies (`evolve.Strategy`)."""


@hookspec
def evolve_mutators() -> Names:  # type: ignore[empty-body]
    """Name mutators (`evolve.Mutator`)."""


@hookspec
def evolve_models() -> Names:  # type: ignore[empty-body]
    """Name clients of language models (`evolve.ModelClient`)."""


@hookspec
def evolve_gates() -> Names:  # type: ignore[empty-body]
    """Name gates (`evolve.Gate`)."""


@hookspec
def evolve_curricula() -> Names:  # type: ignore[empty-body]
    """Name curricula (`evolve.Curriculum`)."""


@hookspec
def evolve_evaluators() -> Names:  # type: ignore[empty-body]
    """Name evaluators (`evolve.Evaluator`)."""


@hookspec
def evolve_executors() -> Names:  # type: ignore[empty-body]
    """Name executors (`evolve.Executor`)."""


@hookspec
def evolve_problems() -> Mapping[str, Path]:  # type: ignore[empty-body]
    """Name problem folders that a package ships, so that `evolve NAME` finds them."""


@hookspec(firstresult=True)
def evolve_fingerprint(program: Program, problem: str) -> str | None:
    """Return a class key for a program, or None to leave it to others; the last registered is asked first.

    Programs with equal keys count as the same: the second takes the first one's outcome.
    """


@hookspec
def evolve_event(event: Event) -> None:
    """See a fact of the run. Each observer is called alone; one that raises is logged and does no harm."""


@hookspec
def evolve_commands(cli: click.Group) -> None:
    """Add subcommands to the command line."""
