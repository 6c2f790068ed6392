"""`evolve verify`: check again what a run found."""

from __future__ import annotations

from pathlib import Path

import click

from evolve.cli import options

__all__ = ["verify"]


@click.command(short_help="Check the best of a run again: its solution exactly, and its program.")
@options.run_folder
@options.json_output
@click.pass_context
def verify(context: click.Context, run: str, as_json: bool) -> None:
    """Check the best trial of the run in folder RUN once more.

    Its recorded solution goes through the problem's exact check, its program runs again in the sandbox, and what
    that answers is checked exactly, too. Exit code 1 when a check fails.
    """
    import asyncio
    import dataclasses
    import json

    from evolve.cli.report import number
    from evolve.verify import verify_run

    report = asyncio.run(verify_run(Path(run)))
    if as_json:
        plain = {**dataclasses.asdict(report), "passed": report.passed, "confirmed": report.confirmed}
        click.echo(json.dumps(plain))
    else:
        click.echo(f"trial {report.trial}, claimed {number(report.claimed)}")
        for check in report.checks:
            told = ("certified" if check.exact else "repeated") if check.passed else "FAILED"
            click.echo(
                f"{check.what:9} {check.instance:10} {number(check.value):>14} {told:9}  {check.detail}".rstrip()
            )
        unproven = "the program repeats its claim; this problem has no exact check"
        click.echo("confirmed" if report.confirmed else unproven if report.passed else "not confirmed")
    context.exit(0 if report.passed else 1)
