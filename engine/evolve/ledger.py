"""`Ledger`: a run's record, to write: one SQLite file, append-only, one writer.

A transaction is committed before anything it holds is shown to anybody, so what a user
has seen survives `kill -9`.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from evolve.errors import LedgerError
from evolve.evaluation import Outcome
from evolve.messages import Answer, Bill, ModelError, Request
from evolve.record import FORMAT, Record, existing
from evolve.trial import Trial

__all__ = ["TOGETHER_S", "Ledger", "refuse_used"]

TOGETHER_S = 0.05
"""Facts of so many seconds are committed together: a transaction costs more than most of what it holds."""

_sorted = json.JSONEncoder(sort_keys=True).encode

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE programs (digest TEXT PRIMARY KEY, files TEXT NOT NULL);
CREATE TABLE trials (
    number INTEGER PRIMARY KEY, step INTEGER NOT NULL, parents TEXT NOT NULL, operator TEXT NOT NULL,
    model TEXT NOT NULL, program TEXT NOT NULL, notes TEXT NOT NULL);
CREATE TABLE outcomes (
    trial INTEGER NOT NULL, place INTEGER NOT NULL, instance TEXT NOT NULL, stage TEXT NOT NULL,
    status TEXT NOT NULL, score REAL, metrics TEXT NOT NULL, measures TEXT NOT NULL, feedback TEXT NOT NULL,
    wall_s REAL NOT NULL, cpu_s REAL NOT NULL, memory_bytes INTEGER NOT NULL, fuel REAL NOT NULL, solution TEXT,
    rung INTEGER NOT NULL,
    PRIMARY KEY (trial, place), UNIQUE (trial, stage, instance));
CREATE TABLE requests (
    id INTEGER PRIMARY KEY, step INTEGER NOT NULL, place INTEGER NOT NULL, model TEXT NOT NULL, digest TEXT NOT NULL,
    body TEXT NOT NULL);
CREATE TABLE answers (
    request INTEGER PRIMARY KEY, body TEXT NOT NULL, fault TEXT NOT NULL, prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, estimated INTEGER NOT NULL, usd REAL NOT NULL, wall_s REAL NOT NULL);
CREATE TABLE classes (key TEXT PRIMARY KEY, trial INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, step INTEGER NOT NULL, trial INTEGER, closes INTEGER NOT NULL,
    body TEXT NOT NULL, used TEXT NOT NULL);
CREATE INDEX requests_by_step ON requests (step, place);
CREATE INDEX events_by_trial ON events (trial, kind);
CREATE INDEX events_by_step ON events (step, kind);
"""


class Ledger(Record):
    """The record of a run that goes on. Open it with `Ledger.create` or `Ledger.open`; one process can at a time.

    Raises:
        LedgerError: the folder cannot be used; the message says why and what to do.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection, lock: IO[str]) -> None:
        super().__init__(folder, connection)
        self._lock = lock
        self._open = False
        self._committed_at = 0.0

    # --- opening ------------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, folder: Path, meta: Mapping[str, Any]) -> Ledger:
        """Start a record in a new or empty folder.

        Args:
            folder: made when it is missing.
            meta: plain data about the run, readable as `ledger.meta(key)`.
        """
        refuse_used(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(f"cannot make the run folder {folder}: {error.strerror}") from error
        ledger = cls._locked(folder, folder / "record.sqlite")
        rows = {"format": FORMAT, **meta}
        try:
            ledger._db.executescript(_SCHEMA)
            ledger._db.executemany("INSERT INTO meta VALUES (?, ?)", [(k, json.dumps(v)) for k, v in rows.items()])
        except sqlite3.Error as error:
            raise ledger._lost(error) from error
        return ledger

    @classmethod
    def open(cls, folder: Path) -> Ledger:
        """Open a record to go on with it; nobody else can do so until it is closed."""
        path = existing(folder)
        ledger = cls._locked(folder, path)
        ledger._check_format()
        return ledger

    @classmethod
    def _locked(cls, folder: Path, path: Path) -> Ledger:
        lock = cls._lock_folder(folder)
        connection = None
        try:
            connection = sqlite3.connect(path, isolation_level=None)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA cache_size=-8000")
        except sqlite3.Error as error:
            lock.close()
            if connection is not None:
                connection.close()
            raise LedgerError(f"cannot write the record {path}: {error}") from error
        return cls(folder, connection, lock)

    @staticmethod
    def _lock_folder(folder: Path) -> IO[str]:
        try:
            lock = open(folder / "lock", "a+", encoding="utf-8")  # noqa: SIM115 - held as long as the run
        except OSError as error:
            raise LedgerError(f"cannot write in the run folder {folder}: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            owner = lock.read().strip() or "?"
            lock.close()
            raise LedgerError(f"{folder} is in use by another run (process {owner}); wait for it or stop it") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return lock

    def close(self) -> None:
        """Write what is pending to disk, and let others open the folder."""
        with suppress(sqlite3.Error, LedgerError):  # on a full disk the write-ahead log stays, and is read next time
            self.flush()
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._lock.close()
        super().close()

    def discard(self) -> None:
        """Remove a record in which nothing was found yet; the folder goes too when it holds nothing else."""
        self.close()
        for name in ("record.sqlite", "record.sqlite-wal", "record.sqlite-shm", "lock"):
            (self.folder / name).unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()

    # --- writing ------------------------------------------------------------------------------------------------

    def _lost(self, error: sqlite3.Error) -> LedgerError:
        """Take back what was not committed, and return what to tell the user."""
        if self._open:
            self._open = False
            if self._db.in_transaction:
                self._db.rollback()
        return LedgerError(
            f"cannot write the record in {self.folder}: {error}; all that was shown before is kept: "
            f"mend it and go on with `evolve resume {self.folder}`"
        )

    def _write(self, statement: str, values: Sequence[Any]) -> None:
        try:
            if not self._open:
                self._db.execute("BEGIN IMMEDIATE")
                self._open = True
            self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise self._lost(error) from error

    def flush(self, *, soon: bool = False) -> bool:
        """Commit what was added since the last flush; only then may it be shown to anybody.

        Args:
            soon: leave it to a later call when the last commit was a moment ago.

        Returns:
            True when all is committed.
        """
        if self._open and not (soon and time.monotonic() < self._committed_at + TOGETHER_S):
            try:
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                raise self._lost(error) from error
            self._open = False
            self._committed_at = time.monotonic()
        return not self._open

    def add_trial(self, step: int, trial: Trial) -> None:
        """Add a proposed program with its lineage."""
        program = trial.program
        self._write("INSERT OR IGNORE INTO programs VALUES (?, ?)", (program.digest, json.dumps(dict(program.files))))
        self._write(
            "INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                trial.number,
                step,
                json.dumps(trial.parents),
                trial.operator,
                trial.model,
                program.digest,
                json.dumps(dict(trial.notes)),
            ),
        )

    def add_outcome(self, number: int, place: int, instance: str, stage: str, outcome: Outcome) -> None:
        """Add what one evaluation gave; `place` counts the trial's outcomes from 0."""
        cost = outcome.cost
        self._write(
            "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                place,
                instance,
                stage,
                outcome.status.value,
                outcome.score,
                json.dumps(dict(outcome.metrics)),
                json.dumps(dict(outcome.measures)),
                outcome.feedback,
                cost.wall_s,
                cost.cpu_s,
                cost.memory_bytes,
                cost.fuel,
                None if outcome.solution is None else json.dumps(outcome.solution),
                outcome.rung,
            ),
        )

    def add_classes(self, keys: Sequence[str], number: int) -> None:
        """Say that programs with these keys behave like a trial; the first one to say so holds."""
        for key in keys:
            self._write("INSERT OR IGNORE INTO classes VALUES (?, ?)", (key, number))

    def class_of(self, keys: Sequence[str]) -> int | None:
        """Return the evaluated trial that has one of these keys, or None."""
        for key in keys:
            row = self._db.execute("SELECT trial FROM classes WHERE key = ?", (key,)).fetchone()
            if row is not None:
                return int(row[0])
        return None

    def add_request(self, step: int, place: int, model: str, request: Request) -> int:
        """Add a request to a model, before it is sent; return its number in the run.

        Args:
            step: the action that it belongs to, or -1.
            place: counts the requests of the step from 0.
            model: who is asked.
            request: what is asked.
        """
        body = json.dumps(request.to_plain())
        digest = request.digest(model)
        self._write(
            "INSERT INTO requests (step, place, model, digest, body) VALUES (?, ?, ?, ?, ?)",
            (step, place, model, digest, body),
        )
        (number,) = self._db.execute("SELECT last_insert_rowid()").fetchone()
        return int(number)

    def add_answer(self, number: int, answer: Answer | ModelError, bill: Bill, wall_s: float) -> None:
        """Add what a request led to, before it is used.

        Args:
            number: of the request.
            answer: what came back, or why nothing did.
            bill: what it cost.
            wall_s: how long it took, tries and waits included, seconds.
        """
        if isinstance(answer, ModelError):
            fault, body = answer.fault.value, {"detail": answer.detail}
        else:
            fault, body = "", answer.to_plain()
        self._write(
            "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                json.dumps(body),
                fault,
                bill.prompt_tokens,
                bill.completion_tokens,
                int(bill.estimated),
                bill.usd,
                round(wall_s, 4),
            ),
        )

    def add_event(
        self,
        kind: str,
        step: int = -1,
        trial: int | None = None,
        *,
        closes: bool = False,
        body: Mapping[str, Any] | None = None,
        used: Mapping[str, float] | None = None,
    ) -> None:
        """Add a fact of the run.

        Args:
            kind: what happened.
            step: the action it belongs to.
            trial: the trial it is about.
            closes: True when its step is over.
            body: further plain data.
            used: what the run has used of each budget so far; the only part that differs between equal runs.
        """
        self._write(
            "INSERT INTO events (kind, step, trial, closes, body, used) VALUES (?, ?, ?, ?, ?, ?)",
            (kind, step, trial, int(closes), _sorted(body or {}), json.dumps(used or {})),
        )


def refuse_used(folder: Path) -> None:
    """Raise when a folder holds a record already.

    Raises:
        LedgerError: saying how to go on with it.
    """
    if (folder / "record.sqlite").exists():
        raise LedgerError(f"{folder} already holds a run; go on with `evolve resume {folder}` or choose another --out")
