"""`evolve show`: what a run found."""

from __future__ import annotations

from pathlib import Path

import click

from evolve.cli import options

__all__ = ["show"]


@click.command(short_help="What a run found, also while it runs.")
@options.run_folder
@options.json_output
@click.option("--trials", is_flag=True, help="List the trials, too.")
@click.option("--trial", "number", type=int, metavar="N", help="Show one trial: its program, its scores, its author.")
@click.option("--prompt", is_flag=True, help="With --trial: what models were asked for it, and what they answered.")
def show(run: str, as_json: bool, trials: bool, number: int | None, prompt: bool) -> None:
    """Print what the run in folder RUN has found, also while it runs."""
    import json

    from evolve.cli.one_trial import one_trial, trial_text
    from evolve.cli.report import summary_lines, trial_lines
    from evolve.summary import list_trials, summarise

    folder = Path(run)
    if prompt and number is None:
        raise click.UsageError("--prompt needs --trial N")
    if number is not None:
        found = one_trial(folder, number, with_calls=prompt)
        click.echo(json.dumps(found) if as_json else trial_text(found))
        return
    summary = summarise(folder)
    if as_json:
        listed = {"trials": list(list_trials(folder))} if trials else {}
        click.echo(json.dumps({**summary.to_plain(), **listed}))
        return
    for line in summary_lines(summary):
        click.echo(line)
    if trials:
        click.echo()
        for line in trial_lines(list_trials(folder)):
            click.echo(line)
