"""The command line: one module per command, loaded when it is asked for."""

from __future__ import annotations

import errno
import os
import sys

import click

from evolve.cli.group import CommandLine, Mistake
from evolve.errors import EvolveError

__all__ = ["cli", "main"]

_ENVIRONMENT = {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT, errno.EMFILE}
"""What a machine can refuse that is no mistake of the engine."""

cli = CommandLine(
    name="evolve",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="""Discover programs: `evolve TARGET` searches a problem folder, or a problem that comes in the box.

    TARGET is short for `run TARGET`. Try `evolve circle_packing --budget 60s`.""",
    epilog="Exit codes: 0 done; 1 no valid program, or a check failed; 2 wrong use, config, plugin or problem; "
    "130 interrupted.",
)
cli.params.append(
    click.Option(
        ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=lambda c, p, v: _version(c, v)
    )
)


def main() -> int:
    """Run the command line and return its exit code; a person's mistake is one line."""
    try:
        code = cli.main(prog_name="evolve", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except EvolveError as error:
        Mistake(str(error)).show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in _ENVIRONMENT:
            raise
        place = f"{error.filename}: " if error.filename else ""
        Mistake(f"{place}{error.strerror}").show()
        return 2


def _version(context: click.Context, asked: bool) -> None:
    if asked:
        from evolve import __version__

        click.echo(f"evolve {__version__}")
        context.exit()
