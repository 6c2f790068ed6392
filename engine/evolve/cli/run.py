"""`evolve run`: search a problem."""

from __future__ import annotations

from pathlib import Path

import click

from evolve.cli import options

__all__ = ["run"]


@click.command(short_help="Search a problem: a folder, or the name of one in the box.")
@click.argument("target")
@options.models
@options.budget
@options.setting
@click.option("--seed", type=int, help="Of all random streams of the run.")
@options.workers
@options.cache
@click.option("--profile", metavar="NAME", help="Use [profile.NAME] of problem.toml.")
@click.option("--out", type=click.Path(path_type=Path), help="The run folder; runs/PROBLEM-DATE-N by default.")
@options.no_preflight
@options.allow_weak
@options.json_output
@options.quiet
def run(
    target: str,
    models: tuple[str, ...],
    budget: str | None,
    overrides: tuple[str, ...],
    seed: int | None,
    workers: int | None,
    cache: str | None,
    profile: str | None,
    out: Path | None,
    no_preflight: bool,
    allow_weak: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Search TARGET, a problem folder or the name of a problem in the box, until its budget is spent.

    Ctrl-C stops cleanly; `evolve resume` goes on.
    """
    from evolve.cli.searching import search, settings_from
    from evolve.overlay import parse_models
    from evolve.run import Run

    extra = settings_from(budget, seed, workers, allow_weak, cache, overrides)
    made = Run.create(target, overrides=[*parse_models(models), *overrides], profile=profile, extra=extra, out=out)
    made.preflight = not no_preflight
    search(made, as_json, quiet)
