"""`evolve resume`: go on with a run."""

from __future__ import annotations

from pathlib import Path

import click

from evolve.cli import options

__all__ = ["resume"]


@click.command(short_help="Go on with a run that was stopped, killed or has spent its budget.")
@options.run_folder
@options.budget
@options.workers
@options.cache
@options.no_preflight
@options.allow_weak
@options.json_output
@options.quiet
def resume(
    run: str,
    budget: str | None,
    workers: int | None,
    cache: str | None,
    no_preflight: bool,
    allow_weak: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Go on with the search in folder RUN; nothing that was recorded is done again.

    A budget counts from the beginning of the run: one that had 60s goes on for four minutes with --budget 5m.
    """
    from evolve.cli.searching import search, settings_from
    from evolve.run import Run

    opened = Run.open(Path(run), extra=settings_from(budget, None, workers, allow_weak, cache))
    opened.preflight = not no_preflight
    search(opened, as_json, quiet)
