"""`evolve replay`: repeat a run from its record."""

from __future__ import annotations

from pathlib import Path

import click

from evolve.cli import options

__all__ = ["replay"]


@click.command(short_help="Repeat every decision of a run from its record, and compare.")
@options.run_folder
@options.json_output
@click.pass_context
def replay(context: click.Context, run: str, as_json: bool) -> None:
    """Repeat every decision and proposal of the run in folder RUN from its record.

    No candidate runs and no model is asked. Exit code 1 when something differs.
    """
    import asyncio
    import dataclasses
    import json

    from evolve.replay import replay as repeat

    report = asyncio.run(repeat(Path(run)))
    if as_json:
        click.echo(json.dumps({**dataclasses.asdict(report), "faithful": report.faithful}))
    else:
        click.echo(f"repeated {report.decisions} decisions, {report.proposals} proposals, {report.commits} trials")
        for line in report.differences:
            click.echo(f"differs: {line}")
        click.echo("all as recorded" if report.faithful else "not as recorded: a plugin or its settings changed")
    context.exit(0 if report.faithful else 1)
