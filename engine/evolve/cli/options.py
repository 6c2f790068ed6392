"""Options that several commands share."""

from __future__ import annotations

import click

__all__ = ["allow_weak", "budget", "json_output", "quiet", "run_folder", "setting", "workers"]


run_folder = click.argument("run", type=click.Path(file_okay=False), metavar="RUN")
"""The folder of a run."""

setting = click.option(
    "--set", "overrides", multiple=True, metavar="A.B=VALUE", help="Change a setting, such as archive.k=3. Repeatable."
)
budget = click.option(
    "--budget",
    metavar="AMOUNT",
    help="Where it ends: 60s, 5m, 200trials, 300evaluations, 120cpu, or several: 60s,200trials.",
)
workers = click.option("--workers", type=int, help="Evaluations at once; one per core by default.")
allow_weak = click.option(
    "--allow-weak", is_flag=True, help="Run even where the machine isolates candidates less than sandbox.required."
)
json_output = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
quiet = click.option("--quiet", "-q", is_flag=True, help="No progress; only the summary at the end.")
