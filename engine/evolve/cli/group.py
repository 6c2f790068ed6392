"""`CommandLine`: commands that load when asked for, and a default one."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import IO, Any

import click
from click_default_group import DefaultGroup

__all__ = ["CommandLine", "Mistake"]

COMMANDS = ("run", "plan", "resume", "replay", "show", "verify", "new", "check", "plugins", "doctor")
"""In the order of the help text; each is a module beside this one that holds the command of its name."""


class Mistake(click.ClickException):
    """A person's mistake: one line on the error stream, exit code 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line."""
        click.echo(f"error: {' '.join(self.message.split())}", file=file, err=file is None)


class CommandLine(DefaultGroup):  # type: ignore[misc]
    """`evolve TARGET` is `evolve run TARGET`; modules of other commands stay unloaded."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(default="run", no_args_is_help=True, **settings)
        self.add_command(_load("run"))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the help text."""
        return list(COMMANDS)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let options of the default command stand first: `evolve --budget 60s TARGET`."""
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if args and args[0].startswith("-") and args[0] not in own:
            args = ["run", *args]
        rest: list[str] = super().parse_args(ctx, args)
        return rest

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command: one of ours, one of a plugin, or else the default one."""
        if name in COMMANDS:
            return _load(name)
        if name.isidentifier() and not Path(name).is_dir() and (found := _of_plugins(name)) is not None:
            return found
        default: click.Command | None = super().get_command(ctx, name)
        return default

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error that its reader can mend becomes one line."""
        from evolve.errors import EvolveError

        try:
            return super().invoke(ctx)
        except EvolveError as error:
            raise Mistake(str(error)) from error


def _load(name: str) -> click.Command:
    command: click.Command = getattr(importlib.import_module(f"evolve.cli.{name}"), name)
    return command


def _of_plugins(name: str) -> click.Command | None:
    """Return the command of that name that a plugin adds, or None."""
    from evolve.registry import Registry

    added = click.Group("plugins")
    Registry().add_commands(added)
    return added.commands.get(name)
