"""`evolve check`: does a problem folder hold together?"""

from __future__ import annotations

import click

from evolve.cli import options

__all__ = ["check"]


@click.command(short_help="Load a problem, judge its seed, and try bad answers on its judge.")
@click.argument("target")
@options.setting
@click.pass_context
def check(context: click.Context, target: str, overrides: tuple[str, ...]) -> None:
    """Load the problem TARGET, judge its seed for real, and try on its judge what bad programs answer.

    Exit code 2 when something has to be mended.
    """
    import asyncio

    from evolve.checkup import check_problem

    failed = False

    def show(level: str, line: str) -> None:
        nonlocal failed
        failed = failed or level == "FAIL"
        click.echo(f"{level:4}  {line}")

    asyncio.run(check_problem(target, overrides, show))
    click.echo("something has to be mended" if failed else f"the problem is ready: evolve {target}")
    context.exit(2 if failed else 0)
