"""`OutcomeCache`: outcomes that several runs share, also while they all run; asked before an evaluation, filled after.

What a run takes from it goes into that run's own record, so nothing depends on the cache afterwards.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evolve.codec import instance_to_plain
from evolve.errors import ConfigError
from evolve.evaluation import Cost, Limits, Outcome, Status
from evolve.instance import Instance

__all__ = ["Asked", "Known", "OutcomeCache", "opened"]

_log = logging.getLogger(__name__)

_PATIENCE_S = 30.0
_LEVELS = ("t:", "s:", "d:", "b:")
"""Keys whose meaning a problem's digest fixes; a plugin's own ones are known to that plugin only."""

_LASTING = (Status.OK, Status.INVALID, Status.ERROR)
"""Outcomes that another machine at another hour would give again; that a limit was met is none."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outcomes (
    problem TEXT NOT NULL, key TEXT NOT NULL, instance TEXT NOT NULL, stage TEXT NOT NULL, limits TEXT NOT NULL,
    outcome TEXT NOT NULL, source TEXT NOT NULL,
    PRIMARY KEY (problem, key, instance, stage, limits)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS distrusted (
    problem TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (problem, key)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One evaluation: a program by its class keys, the finest first, and what it is judged on and under."""

    keys: tuple[str, ...]
    instance: Instance
    stage: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class Known:
    """An outcome that was paid for already.

    Args:
        outcome: what happened then.
        key: the class key by which it was found.
        source: the run and trial that paid for it; "" when that was this run.
    """

    outcome: Outcome
    key: str
    source: str = ""


@dataclass
class OutcomeCache:
    """A cache in a folder. One that cannot be read or written any more is left alone: the run goes on without it.

    Args:
        database: open connection to its file.
        problem: digest of all that decides outcomes beside the program.
        source: name of the run, which is noted with what it adds.
    """

    database: sqlite3.Connection
    problem: str
    source: str
    _broken: bool = field(default=False, init=False, repr=False)

    def find(self, asked: Asked) -> Known | None:
        """Return the outcome of a program of the same class, which cost this run no seconds, or None."""
        for key in _shared(asked.keys):
            rows = self._ask(
                "SELECT outcome, source FROM outcomes WHERE problem = ? AND key = ? AND instance = ? AND stage = ? "
                "AND limits = ? AND NOT EXISTS (SELECT 1 FROM distrusted AS d WHERE d.problem = outcomes.problem "
                "AND d.key = outcomes.key)",
                (self.problem, key, *_circumstances(asked)),
            )
            if rows:
                text, source = rows[0]
                return Known(_from_plain(json.loads(text)), key, source)
        return None

    def keep(self, asked: Asked, outcome: Outcome, trial: int) -> None:
        """Add an outcome under each of its program's keys; the first one to be there holds.

        Args:
            asked: what was evaluated.
            outcome: what happened; one that says more of the machine than of the program is left out.
            trial: its number in this run.
        """
        if outcome.status in _LASTING:
            text = json.dumps(_to_plain(outcome))
            for key in _shared(asked.keys):
                values = (self.problem, key, *_circumstances(asked), text, f"{self.source}#{trial}")
                self._ask("INSERT OR IGNORE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def distrust(self, key: str) -> None:
        """Say that a key merges programs that differ: no run gets an outcome by it any more."""
        self._ask("INSERT OR IGNORE INTO distrusted VALUES (?, ?)", (self.problem, key))

    def _ask(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        if self._broken:
            return []
        try:
            return self.database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            self._broken = True
            _log.warning("the cache of outcomes is left alone from now on: %s", error)
            return []


@contextmanager
def opened(folder: Path | None, problem: str, source: str) -> Iterator[OutcomeCache | None]:
    """Open the cache of a folder, which is made when it is missing; None has none.

    Args:
        folder: where it lies; several processes may use it at once.
        problem: digest of all that decides outcomes beside the program.
        source: name of the run.

    Raises:
        ConfigError: the folder cannot be used.
    """
    if folder is None:
        yield None
        return
    database = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # nobody may use a file while its journal is set up
            database = sqlite3.connect(folder / "outcomes.sqlite", timeout=_PATIENCE_S, isolation_level=None)
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=NORMAL")
            database.executescript(_SCHEMA)
    except (OSError, sqlite3.Error) as error:
        if database is not None:
            database.close()
        raise ConfigError(f"class_keys.cache: cannot use {folder}: {error}; choose another --cache") from error
    try:
        yield OutcomeCache(database, problem, source)
    finally:
        database.close()


def _shared(keys: Sequence[str]) -> list[str]:
    return [key for key in keys if key.startswith(_LEVELS)]


def _circumstances(asked: Asked) -> tuple[str, str, str]:
    return _digest(instance_to_plain(asked.instance)), asked.stage, _digest(dataclasses.asdict(asked.limits))


def _digest(plain: Any) -> str:
    text = json.dumps(plain, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _to_plain(outcome: Outcome) -> dict[str, Any]:
    cost = outcome.cost
    return {
        "status": outcome.status.value,
        "score": outcome.score,
        "metrics": dict(outcome.metrics),
        "measures": dict(outcome.measures),
        "feedback": outcome.feedback,
        "solution": outcome.solution,
        "cost": [cost.memory_bytes, cost.fuel],
        "rung": outcome.rung,
    }


def _from_plain(plain: dict[str, Any]) -> Outcome:
    memory, fuel = plain.pop("cost")
    return replace(Outcome(**{**plain, "status": Status(plain["status"])}), cost=Cost(0.0, 0.0, memory, fuel))
