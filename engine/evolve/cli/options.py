"""Options that several commands share."""

from __future__ import annotations

import click

__all__ = [
    "allow_weak",
    "budget",
    "cache",
    "json_output",
    "models",
    "no_preflight",
    "quiet",
    "run_folder",
    "setting",
    "workers",
]


run_folder = click.argument("run", type=click.Path(file_okay=False), metavar="RUN")
"""The folder of a run."""

setting = click.option(
    "--set", "overrides", multiple=True, metavar="A.B=VALUE", help="Change a setting, such as archive.k=3. Repeatable."
)
budget = click.option(
    "--budget",
    metavar="AMOUNT",
    help="Where it ends: 60s, 5m, 200trials, 300evaluations, 120cpu, 2usd, 1e6tokens, or several: 60s,200trials.",
)
workers = click.option("--workers", type=int, help="Evaluations at once; one per core by default.")
models = click.option(
    "--model",
    "models",
    multiple=True,
    metavar="CLIENT:NAME",
    help="Let a model propose, such as openai:gpt-5-mini, anthropic:NAME, or "
    "openai:NAME,base_url=http://localhost:8000/v1. Repeatable; weight=2 asks one more often.",
)
cache = click.option(
    "--cache",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Share outcomes with other runs, also while they run: made when it is missing.",
)
no_preflight = click.option("--no-preflight", is_flag=True, help="Do not ask each model for one word before the run.")
allow_weak = click.option(
    "--allow-weak", is_flag=True, help="Run even where the machine isolates candidates less than sandbox.required."
)
json_output = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
quiet = click.option("--quiet", "-q", is_flag=True, help="No progress; only the summary at the end.")
