"""`evolve new`: write a folder to start from."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["new"]

_TEMPLATES = Path(__file__).resolve().parents[1] / "templates"


@click.group(short_help="Write a problem folder to start from.")
def new() -> None:
    """Write a folder to start from."""


@new.command()
@click.argument("name", type=click.Path(path_type=Path))
def problem(name: Path) -> None:
    """Write a small problem that runs as it is into the folder NAME."""
    from evolve.errors import ProblemError

    if not name.name.isidentifier():
        raise ProblemError(f"{name.name!r} is no good name for a problem; use letters, digits and underscores")
    if name.exists() and (not name.is_dir() or any(name.iterdir())):
        raise ProblemError(f"{name} exists already; choose another name")
    name.mkdir(parents=True, exist_ok=True)
    for template in sorted((_TEMPLATES / "problem").glob("[!_.]*.*")):
        path = name / template.name.replace("NAME", name.name)
        path.write_text(template.read_text(encoding="utf-8").replace("NAME", name.name), encoding="utf-8")
        click.echo(f"wrote {path}")
    click.echo(f"\nnext:\n  evolve check {name}    loads it, judges the seed, tries bad answers")
    click.echo(f"  evolve {name}          searches")
