"""What a person sees while a run goes on: a live panel on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Self

import click

from evolve.cli.report import distance, number
from evolve.events import Committed, Event, Examined, Resumed, Started, Verified
from evolve.run import Run
from evolve.trial import Trial

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

__all__ = ["LivePanel", "PlainLines", "Progress"]

_RATE_WINDOW_S = 10.0
_OPERATORS_SHOWN = 6


class Progress:
    """Watches a run and says nothing.

    Args:
        run: the run; once it has started, its state can be read.
    """

    period_s = 60.0
    """Seconds between two calls of `tick`."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._gains: Counter[str] = Counter()
        self._tried: Counter[str] = Counter()
        self._pace: deque[tuple[float, float]] = deque()
        self._best = -1
        self._said = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""

    def see(self, event: Event) -> None:
        """Take in a fact of the run."""
        if isinstance(event, Started | Resumed):
            self._rate()
            self.say(self._headline(resumed=isinstance(event, Resumed)))
        elif isinstance(event, Committed) and event.trial is not None:
            self._count(event.trial)
            loop = self.run.loop
            best = loop.state.best if loop is not None else None
            if best is not None and best.number != self._best:
                self._best = best.number
                if loop is None or not loop.verifies:
                    self._say_best(best, f"{number(best.score)}")
        elif isinstance(event, Examined):
            first, score = event.scores[0]
            several = f", best of {len(event.scores)} finalists" if len(event.scores) > 1 else ""
            self.say(f"{'final':>8}    trial {first:<6} {event.stage:20} {number(score)}{several}")
        elif isinstance(event, Verified) and event.verdict is not None and self.run.loop is not None:
            trial, verdict = self.run.loop.state.trial(event.number), event.verdict
            checked = (
                f"{number(verdict.value)} certified"
                if verdict.confirmed
                else f"refused by the exact check: {verdict.detail}"
            )
            self._say_best(trial, checked, verdict.value)

    def tick(self) -> None:
        """Show that the run is alive; called every `period_s`."""

    def say(self, line: str) -> None:
        """Show a line that stays."""

    def status(self) -> str:
        """Return where the run stands, in one line."""
        if self.run.loop is None:
            return "starting"
        if self.run.loop.holding is not None and self.run.loop.holding.under_way:
            return f"the search is over; {self.run.loop.holding.under_way}"
        state = self.run.loop.state
        parts = [f"{state.trials} trials", f"{self._rate():.1f} evaluations/s", f"{state.reused} reused"]
        return ", ".join([*parts, f"{len(state.in_flight)} in flight", *self._left()])

    def best_line(self) -> str:
        """Return the best so far, and how far it is from the best known."""
        state = self.run.loop.state if self.run.loop is not None else None
        if state is None or state.best is None:
            return "none yet"
        verdict = state.verdicts.get(state.best.number)
        certified = verdict.value if verdict is not None else None
        text = f"{number(certified)} certified" if certified is not None else f"{number(state.best.score)} claimed"
        return text + self._distance(state.best, certified)

    def operators_line(self) -> str:
        """Return which operators gained over the parent, out of how many tries."""
        shown = self._gains.most_common(_OPERATORS_SHOWN)
        return ", ".join(f"{name} {gains}/{self._tried[name]}" for name, gains in shown) or "no gain yet"

    def models_line(self) -> str:
        """Return what models were asked so far, or "" in a run without any."""
        loop = self.run.loop
        if loop is None or not loop.proposer.switchboard.lines:
            return ""
        used, waiting = loop.state.meter.used, loop.proposer.switchboard.waiting
        return f"{waiting} requests on their way, {used['tokens']:,.0f} tokens, {used['usd']:.4f} usd"

    def _headline(self, resumed: bool) -> str:
        config = self.run.problem.config
        limits = [f"{value:g} {name}" for name, value in config.budget.model_dump().items() if value is not None]
        until = ", ".join(limits) if limits else "no budget: Ctrl-C ends it"
        verb = "goes on" if resumed else config.problem.direction
        return f"{self.run.problem.name}: {verb}; seed {config.run.seed}; {until}; run folder {self.run.folder}"

    def _count(self, trial: Trial) -> None:
        operator = trial.operator.partition(".")[0]
        self._tried[operator] += 1
        if self.run.loop is not None and trial.fitness is not None and trial.parents:
            parent = self.run.loop.state.trial(trial.parents[0]).fitness
            self._gains[operator] += parent is not None and trial.fitness > parent

    def _say_best(self, trial: Trial, text: str, certified: float | None = None) -> None:
        if text == self._said:
            return  # better by less than anybody can see
        self._said = text
        used = self.run.loop.state.meter.used["seconds"] if self.run.loop is not None else 0.0
        self.say(f"{used:8.1f} s  trial {trial.number:<6} {trial.operator:20} {text}{self._distance(trial, certified)}")

    def _distance(self, trial: Trial, certified: float | None) -> str:
        """Say how far a trial is from the best known value, where it was judged on a single instance."""
        reached = {scored.instance for scored in trial.reached}
        value = trial.score if certified is None else certified
        record = self.run.problem.best_known(reached.pop()) if len(reached) == 1 else None
        if record is None or value is None:
            return ""
        return f", {distance(value, record.value, self.run.problem.config.problem.direction)}"

    def _left(self) -> list[str]:
        assert self.run.loop is not None
        words = {
            "seconds": "s left",
            "cpu_seconds": "CPU s left",
            "trials": "trials left",
            "evaluations": "evaluations left",
            "tokens": "tokens left",
        }
        remaining = dict(self.run.loop.state.meter.remaining)
        money = [f"{remaining.pop('usd'):.4g} usd left"] if "usd" in remaining else []
        return [*(f"{left:.0f} {words[name]}" for name, left in remaining.items()), *money]

    def _rate(self) -> float:
        """Return evaluations per second over the last seconds."""
        assert self.run.loop is not None
        now = time.monotonic()
        self._pace.append((now, self.run.loop.state.meter.used["evaluations"]))
        while now - self._pace[0][0] > _RATE_WINDOW_S and len(self._pace) > 2:
            self._pace.popleft()
        (then, before), (_, after) = self._pace[0], self._pace[-1]
        return (after - before) / (now - then) if now > then else 0.0


class PlainLines(Progress):
    """Plain lines: what runs, each new best, and a sign of life."""

    period_s = 10.0

    def tick(self) -> None:
        """Print where the run stands."""
        if self.run.loop is not None:
            asked = self.models_line()
            status = f"{self.status()}{'; ' + asked if asked else ''}"
            self.say(f"{self.run.loop.state.meter.used['seconds']:8.1f} s  {status}; best {self.best_line()}")

    def say(self, line: str) -> None:
        """Print a line; a run that nobody reads any more ends."""
        try:
            click.echo(line)
        except BrokenPipeError:
            self.run.request_stop("interrupted: nobody reads its output any more")


class LivePanel(Progress):
    """One compact panel that renews itself; lines that stay scroll above it."""

    period_s = 0.25

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._live: Live | None = None

    def __enter__(self) -> Self:
        from rich.live import Live

        self._live = Live(self._panel(), auto_refresh=False, transient=True)
        self._live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def tick(self) -> None:
        """Renew the panel."""
        if self._live is not None:
            self._live.update(self._panel(), refresh=True)

    def say(self, line: str) -> None:
        """Print a line above the panel."""
        if self._live is not None:
            self._live.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _panel(self) -> Table:
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold cyan", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis")
        rows = {"best": self.best_line(), "search": self.status(), "gains": self.operators_line()}
        if asked := self.models_line():
            rows["models"] = asked
        for label, text in rows.items():
            table.add_row(label, text)
        return table
