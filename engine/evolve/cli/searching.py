"""Run a search in front of a person: progress, Ctrl-C, the summary, the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from evolve.cli.progress import LivePanel, PlainLines, Progress
from evolve.cli.report import summary_lines
from evolve.errors import ConfigError
from evolve.overlay import parse_budget
from evolve.run import Run
from evolve.summary import Summary, summarise

__all__ = ["search", "settings_from"]

_WEAKEST = 4
_SIGNALS = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "a signal to end"}


def settings_from(
    budget: str | None,
    seed: int | None,
    workers: int | None,
    allow_weak: bool = False,
    cache: str | None = None,
    overrides: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the settings that options of the command line stand for.

    Raises:
        ConfigError: an option is malformed, out of range, or would undo one of the overrides.
    """
    lost = [given for given in overrides if given.partition("=")[0].partition(".")[0].strip() == "budget"]
    if budget is not None and lost:
        raise ConfigError(
            f"--budget replaces the whole [budget], so that --set {lost[0]} would be lost; "
            "write all of it into one, such as --budget 60s,250cpu"
        )
    for name, value in (("--seed", seed), ("--workers", workers)):
        if value is not None and value < 0:
            raise ConfigError(f"{name}: must be 0 or more, not {value}")
    run = {name: value for name, value in (("seed", seed), ("workers", workers)) if value is not None}
    tables: dict[str, Any] = {"run": run} if run else {}
    if budget is not None:
        tables["budget"] = parse_budget(budget)
    if allow_weak:
        tables["sandbox"] = {"required": _WEAKEST}
    if cache is not None:  # whole, so that a run that goes on from another folder finds the same one
        tables["class_keys"] = {"cache": str(Path(cache).resolve())}
    return tables


def search(run: Run, as_json: bool, quiet: bool) -> None:
    """Execute a run, print what it found, and exit with the code that says how it ended."""
    progress = _progress(run, as_json or quiet)
    interrupted = False
    try:
        summary = asyncio.run(_execute(run, progress))
    except (KeyboardInterrupt, asyncio.CancelledError):
        interrupted = True
        if not (run.folder / "record.sqlite").exists():
            raise click.Abort from None
        summary = summarise(run.folder)
    if as_json:
        click.echo(json.dumps(summary.to_plain()))
    else:
        for line in summary_lines(summary):
            click.echo(line)
    click.get_current_context().exit(_exit_code(summary, interrupted))


def _progress(run: Run, silent: bool) -> Progress:
    if silent:
        return Progress(run)
    return LivePanel(run) if sys.stdout.isatty() else PlainLines(run)


def _exit_code(summary: Summary, interrupted: bool) -> int:
    if interrupted or summary.status == "interrupted":
        return 130
    return 0 if summary.best is not None else 1


async def _execute(run: Run, progress: Progress) -> Summary:
    with _interruptible(run), progress:
        ticking = asyncio.create_task(_tick(progress))
        try:
            return await run.execute([progress.see])
        finally:
            ticking.cancel()


async def _tick(progress: Progress) -> None:
    while True:
        await asyncio.sleep(progress.period_s)
        progress.tick()


@contextlib.contextmanager
def _interruptible(run: Run) -> Iterator[None]:
    """The first Ctrl-C asks the run to stop, the second one stops it at once."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    asked = False

    def on_signal(by: str) -> None:
        nonlocal asked
        if asked and task is not None:
            task.cancel()
        asked = True
        run.request_stop(f"interrupted by {by}")
        waiting = run.loop.proposer.switchboard.waiting if run.loop is not None else 0
        paid = f"; {waiting} answers of models are paid for and may still come" if waiting else ""
        click.echo(f"stopping{paid}; press Ctrl-C again to stop at once", err=True)

    for number, by in _SIGNALS.items():
        loop.add_signal_handler(number, on_signal, by)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
