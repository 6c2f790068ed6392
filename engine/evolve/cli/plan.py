"""`evolve plan`: what a run may cost, before anything is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evolve.cli import options

if TYPE_CHECKING:
    from evolve.planning import Plan

__all__ = ["plan"]


@click.command(short_help="What a run would ask models for at most, before anything is spent.")
@click.argument("target")
@options.models
@options.budget
@options.setting
@click.option("--profile", metavar="NAME", help="Use [profile.NAME] of problem.toml.")
@options.json_output
@click.pass_context
def plan(
    context: click.Context,
    target: str,
    models: tuple[str, ...],
    budget: str | None,
    overrides: tuple[str, ...],
    profile: str | None,
    as_json: bool,
) -> None:
    """Print the most requests, tokens and dollars that searching TARGET may take; nothing is sent.

    Where the worst case exceeds the budget, and somebody sits at the terminal, ask whether to start the run all the
    same: it ends at its budget.
    """
    import dataclasses
    import json
    import sys

    from evolve.cli.searching import search, settings_from
    from evolve.overlay import Layer, parse_models
    from evolve.planning import over_budget
    from evolve.planning import plan as make_plan
    from evolve.problem import load_problem
    from evolve.registry import Registry
    from evolve.run import Run

    registry = Registry()
    layers: list[Layer | str] = [*parse_models(models), *overrides]
    extra = settings_from(budget, None, None, overrides=overrides)
    problem = load_problem(target, registry, layers, profile, extra)
    found = make_plan(problem.config, registry)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(found)))
        return
    _print(found)
    over = over_budget(found, problem.config.budget.model_dump())
    if not over:
        return
    click.echo(f"budget      the worst case exceeds {' and '.join(over)}; the run would end there")
    if sys.stdin.isatty() and sys.stdout.isatty() and click.confirm("start the run?"):
        search(Run.create(target, overrides=layers, profile=profile, extra=extra), False, False)
    context.exit(0)


def _print(found: Plan) -> None:
    if not found.models:
        click.echo("models      none: this run costs nothing but time; name one with --model openai:NAME")
        return
    for model in found.models:
        price = f"{model.usd:.4f} usd" if model.usd is not None else "price not known: set price_in and price_out"
        tokens = f"{model.prompt_tokens:,} + {model.completion_tokens:,} tokens"
        click.echo(f"model       {model.model}: one request at most {tokens}, {price}")
    click.echo(f"proposal    at most {found.requests_per_proposal} requests")
    if found.requests is None:
        click.echo("requests    no limit: the budget has no trials; --budget 100trials or 2usd sets one")
    else:
        click.echo(f"requests    at most {found.requests:,} for {found.trials:,} trials; unusable answers come on top")
    if found.tokens is not None:
        click.echo(f"tokens      at most {found.tokens:,.0f}")
    if found.usd is not None:
        click.echo(f"money       at most {found.usd:.2f} usd")
    elif found.requests is not None:
        click.echo("money       not known")
