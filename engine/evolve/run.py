"""`Run`: one configuration wired to a folder and a record; made new, or opened again to go on."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import logging
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evolve import views
from evolve.best import BestKeeper
from evolve.cache import opened
from evolve.config import RunConfig
from evolve.errors import ConfigError, LedgerError, PluginError, ProblemError
from evolve.events import Event, Resumed, Started
from evolve.interfaces import Description, Executor
from evolve.ledger import Ledger, refuse_used
from evolve.loop import Loop
from evolve.overlay import Layer, merge
from evolve.presenting import present
from evolve.problem import Problem, load_problem, read_problem
from evolve.rebuild import rebuild
from evolve.record import Record, reading
from evolve.registry import Registry
from evolve.summary import Summary, summarise
from evolve.wiring import build_loop, description_to_plain, setup_of

__all__ = ["Observer", "Run", "executor_of", "reload_problem"]

Observer = Callable[[Event], None]
_log = logging.getLogger(__name__)


@dataclass
class Run:
    """A search that can be executed once: `Run.create(...)` or `Run.open(...)`, then `await run.execute()`.

    Args:
        problem: what to search.
        registry: the plugins there are.
        folder: the run folder.
        fresh: True when the record is still to be made.
        preflight: ask each model for one word before the search.
    """

    problem: Problem
    registry: Registry
    folder: Path
    fresh: bool = True
    preflight: bool = True
    loop: Loop | None = field(default=None, init=False, repr=False)
    _stop: str = field(default="", init=False, repr=False)

    @classmethod
    def create(
        cls,
        target: str,
        *,
        overrides: Sequence[str | Layer] = (),
        profile: str | None = None,
        extra: Mapping[str, Any] | None = None,
        out: Path | None = None,
        registry: Registry | None = None,
    ) -> Run:
        """Prepare a new run; nothing is written yet.

        Args:
            target: a problem folder, or the name of a shipped problem.
            overrides: `--set` texts, such as "archive.k=3", and layers of settings.
            profile: name of a profile in problem.toml.
            extra: settings from the caller, such as `{"budget": {"seconds": 60.0}}`.
            out: the run folder; chosen under `runs/` when None.
            registry: the plugins to use; all installed ones when None.

        Raises:
            EvolveError: the problem, the configuration or a plugin is wrong.
        """
        registry = registry or Registry()
        problem = load_problem(target, registry, overrides, profile, extra)
        folder = out if out is not None else free_folder(problem.name)
        refuse_used(folder)
        return cls(problem, registry, folder)

    @classmethod
    def open(cls, folder: Path, *, extra: Mapping[str, Any] | None = None, registry: Registry | None = None) -> Run:
        """Prepare to go on with a recorded run.

        Args:
            folder: the run folder.
            extra: settings to change, such as a larger budget.
            registry: the plugins to use; all installed ones when None.

        Raises:
            LedgerError: there is no readable record, or the problem's code changed since.
        """
        registry = registry or Registry()
        with reading(folder) as record:
            problem = reload_problem(record, registry, extra)
        return cls(problem, registry, folder, fresh=False)

    def request_stop(self, reason: str) -> None:
        """Ask the run to end soon; what is in flight stays pending in the record."""
        self._stop = reason
        if self.loop is not None:
            self.loop.stop(reason)

    async def execute(self, observers: Sequence[Observer] = ()) -> Summary:
        """Search until a budget is spent, and return what was found.

        Args:
            observers: called with each fact after it is safe in the record; one that raises is logged and dropped.

        Raises:
            EvolveError: see its message; the record keeps all that was shown.
        """
        executor = executor_of(self.problem.config, self.registry)
        ledger = None if self.fresh else Ledger.open(self.folder)
        try:
            description = await executor.start(setup_of(self.problem, self.registry, self._hidden()))
            if ledger is None:
                ledger = Ledger.create(self.folder, self._meta(description))
            await self._search(ledger, description, executor, observers)
        except (ProblemError, PluginError, ConfigError):
            if ledger is not None and self.fresh and not _holds_something(ledger):
                ledger.discard()
            raise
        finally:
            if ledger is not None:
                ledger.close()
            await executor.close()
        return summarise(self.folder)

    async def _search(
        self, ledger: Ledger, description: Description, executor: Executor, observers: Sequence[Observer]
    ) -> None:
        speaker = Speaker([*observers, self.registry.notify])
        loop = self.loop = build_loop(self.problem, self.registry, description, ledger, executor, speaker)
        cache = self.problem.config.class_keys.cache
        with opened(Path(cache) if cache else None, loop.ladder.keys.scope, self.folder.name) as loop.ladder.cache:
            await self._go(loop, speaker)
        await present(self.folder, loop.state, description, executor)

    async def _go(self, loop: Loop, speaker: Speaker) -> None:
        """Bring the loop to where its record ends, and let it run."""
        ledger = loop.state.ledger
        speaker.observers.insert(0, BestKeeper(self.folder, loop.state))
        rebuild(loop)
        await self._reach_models(loop)
        plain = self.problem.config.to_plain()
        if self.fresh:
            ledger.add_event("started", body={"config": plain})
            ledger.flush()
        else:
            ledger.add_event("resumed", body={"budget": plain["budget"]}, used=loop.state.meter.used)
            ledger.flush()
        speaker(Started(-1, plain) if self.fresh else Resumed())
        if self._stop:
            loop.stop(self._stop)
        await loop.run(self.problem.seeds)

    def _hidden(self) -> list[str]:
        """Return the folders that no candidate may see."""
        cache = self.problem.config.class_keys.cache
        return [str(folder.resolve()) for folder in (self.folder, *([Path(cache)] if cache else []))]

    async def _reach_models(self, loop: Loop) -> None:
        """Make sure that the models can be asked, before anything is searched."""
        switchboard = loop.proposer.switchboard
        try:
            await (switchboard.preflight() if self.preflight else switchboard.start())
        except BaseException:  # border: nothing is swallowed; what was opened is closed
            await switchboard.close(0.0)
            raise

    def _meta(self, description: Description) -> Mapping[str, Any]:
        return {
            "problem": self.problem.name,
            "folder": str(self.problem.folder),
            "config": self.problem.config.to_plain(),
            "code": code_digests(self.problem.folder),
            "description": description_to_plain(description),
            "seeds": len(self.problem.seeds),
            "prompts": dict(self.problem.prompts),
            "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "machine": {"python": platform.python_version(), "platform": platform.platform()},
        }


@dataclass
class Speaker:
    """Shows a fact to each observer alone: one that raises is logged and does no harm."""

    observers: list[Observer]

    def __call__(self, event: Event) -> None:
        for observer in self.observers:
            try:
                observer(event)
            except Exception:  # noqa: BLE001 - border: an observer must not harm the run
                _log.exception("an observer failed on %s", type(event).__name__)


def _holds_something(ledger: Ledger) -> bool:
    """Tell whether a record holds what somebody would miss: a valid program, or an answer that was paid for."""
    paid = "SELECT 1 FROM requests JOIN answers ON request = id WHERE fault = '' AND step >= 0 LIMIT 1"
    return views.best(ledger) is not None or any(True for _ in ledger.query(paid))


def executor_of(config: RunConfig, registry: Registry) -> Executor:
    """Build the executor that a configuration names."""
    given = {"workers": config.run.workers} if config.run.workers else {}
    executor: Executor = registry.build("executor", config.executor, given)
    return executor


def reload_problem(record: Record, registry: Registry, extra: Mapping[str, Any] | None = None) -> Problem:
    """Load the problem of a recorded run, with the configuration it was recorded with.

    Args:
        record: of the run.
        registry: the plugins there are.
        extra: settings to change, such as a larger budget.

    Raises:
        LedgerError: the problem's folder is gone, or its code is not what the scores were made with.
    """
    folder = Path(record.meta("folder"))
    if not folder.is_dir():
        raise LedgerError(f"the problem of this run is gone: there is no folder {folder}")
    then, now = record.meta("code"), code_digests(folder)
    changed = sorted(name for name in {*then, *now} if then.get(name) != now.get(name))
    if changed:
        raise LedgerError(
            f"the problem's code changed since this run began ({', '.join(changed)} in {folder}); "
            "scores would not compare: start a new run"
        )
    recorded, resumed = record.meta("config"), views.last(record, "resumed")
    if resumed is not None:
        recorded["budget"] = resumed.body["budget"]
    problem = read_problem(folder, registry, RunConfig.from_plain(merge(recorded, extra or {})))
    return dataclasses.replace(problem, prompts=record.meta("prompts"))


def code_digests(folder: Path) -> dict[str, str]:
    """Return the content address of every file of a problem that scores depend on."""
    names = [p for p in sorted(folder.glob("*.py")) if not p.name.startswith("test_") and p.name != "baseline.py"]
    return {path.name: hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest() for path in names}


def free_folder(problem: str) -> Path:
    """Return a run folder under `runs/` that does not exist yet."""
    stem = f"{problem}-{datetime.date.today().isoformat()}"
    number = 1
    while (Path("runs") / f"{stem}-{number}").exists():
        number += 1
    return Path("runs") / f"{stem}-{number}"
