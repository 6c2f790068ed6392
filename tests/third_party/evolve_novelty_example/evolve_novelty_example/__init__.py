"""An archive, a mutator and a problem for evolve; nothing is imported before it is used."""

from __future__ import annotations

from pathlib import Path

from evolve import hookimpl


@hookimpl
def evolve_archives() -> dict[str, str]:
    return {"novelty": "evolve_novelty_example.novelty:Novelty"}


@hookimpl
def evolve_mutators() -> dict[str, str]:
    return {"nudge": "evolve_novelty_example.nudge:Nudge"}


@hookimpl
def evolve_problems() -> dict[str, Path]:
    return {"seesaw": Path(__file__).parent / "problems" / "seesaw"}
