"""The record of a run: one SQLite file, append-only, one writer.

Rows are only ever added. What a run knows is rebuilt by reading the events in order; means, bests and counts are
views, never stored truths. A transaction is committed before anything it holds is shown to anybody, so what a user
has seen survives `kill -9`.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from evolve.errors import LedgerError
from evolve.evaluation import Cost, Outcome, Status
from evolve.program import Program
from evolve.trial import Scored, Trial, TrialStatus

__all__ = ["FORMAT", "Ledger", "Row"]

FORMAT = 1
"""Version of the record's layout; a newer record is refused, not guessed at."""

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE programs (digest TEXT PRIMARY KEY, files TEXT NOT NULL);
CREATE TABLE trials (
    number INTEGER PRIMARY KEY, step INTEGER NOT NULL, parents TEXT NOT NULL, operator TEXT NOT NULL,
    model TEXT NOT NULL, program TEXT NOT NULL, notes TEXT NOT NULL);
CREATE TABLE outcomes (
    trial INTEGER NOT NULL, place INTEGER NOT NULL, instance TEXT NOT NULL, stage TEXT NOT NULL, status TEXT NOT NULL, score REAL,
    metrics TEXT NOT NULL, measures TEXT NOT NULL, feedback TEXT NOT NULL,
    wall_s REAL NOT NULL, cpu_s REAL NOT NULL, memory_bytes INTEGER NOT NULL, fuel REAL NOT NULL, solution TEXT,
    PRIMARY KEY (trial, stage, instance));
CREATE TABLE classes (key TEXT PRIMARY KEY, trial INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, step INTEGER NOT NULL, trial INTEGER, closes INTEGER NOT NULL,
    body TEXT NOT NULL, used TEXT NOT NULL);
CREATE INDEX events_by_trial ON events (trial, kind);
CREATE INDEX events_by_step ON events (step, kind);
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One event as it stands in the record.

    Args:
        seq: its place in the order of the run.
        kind: "started", "decided", "proposed", "committed", ...
        step: number of the action it belongs to, or -1.
        trial: number of the trial it is about, or None.
        closes: True on the last event of its step.
        body: further plain data.
    """

    seq: int
    kind: str
    step: int
    trial: int | None
    closes: bool
    body: Mapping[str, Any]


class Ledger:
    """The record in a run folder. Open it with `create`, `open` (to go on) or `read` (to look).

    Raises:
        LedgerError: the folder cannot be used; the message says why and what to do.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection, lock: IO[str] | None) -> None:
        self.folder = folder
        self._db = connection
        self._lock = lock
        self._open = False

    # --- opening ------------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, folder: Path, meta: Mapping[str, Any]) -> Ledger:
        """Start a record in a new or empty folder.

        Args:
            folder: made when it is missing.
            meta: plain data about the run, readable as `ledger.meta(key)`.
        """
        path = folder / "record.sqlite"
        if path.exists():
            raise LedgerError(f"{folder} already holds a run; go on with `evolve resume {folder}` or choose another --out")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(f"cannot make the run folder {folder}: {error.strerror}") from error
        ledger = cls(folder, cls._connect(path), cls._lock_folder(folder))
        with ledger._guarded():
            ledger._db.executescript(_SCHEMA)
            rows = {"format": FORMAT, **meta}
            ledger._db.executemany("INSERT INTO meta VALUES (?, ?)", [(k, json.dumps(v)) for k, v in rows.items()])
        return ledger

    @classmethod
    def open(cls, folder: Path) -> Ledger:
        """Open a record to go on with it; nobody else can do so until it is closed."""
        path = cls._existing(folder)
        return cls(folder, cls._connect(path), cls._lock_folder(folder))._checked()

    @classmethod
    def read(cls, folder: Path) -> Ledger:
        """Open a record to look at it, also while a run is writing."""
        path = cls._existing(folder)
        try:
            connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.Error:
            try:  # a folder that cannot be written cannot hold WAL's side files
                connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
            except sqlite3.Error as error:
                raise LedgerError(f"cannot read {path}: {error}") from error
        return cls(folder, connection, None)._checked()

    @staticmethod
    def _existing(folder: Path) -> Path:
        path = folder / "record.sqlite"
        if not folder.is_dir():
            raise LedgerError(f"no run folder at {folder}")
        if not path.is_file():
            raise LedgerError(f"{folder} holds no run (there is no record.sqlite in it)")
        return path

    @staticmethod
    def _connect(path: Path) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(path, isolation_level=None)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA cache_size=-8000")
        except sqlite3.Error as error:
            raise LedgerError(f"cannot write the record {path}: {error}") from error
        return connection

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

    def _checked(self) -> Ledger:
        try:
            found = self.meta("format")
        except (sqlite3.Error, LedgerError) as error:
            raise LedgerError(f"{self.folder / 'record.sqlite'} is not a record of evolve ({error})") from error
        if found != FORMAT:
            raise LedgerError(
                f"{self.folder} was written in record format {found}; this evolve reads format {FORMAT}: "
                "install the evolve that wrote it"
            )
        return self

    def close(self) -> None:
        """Write what is pending to disk, and let others open the folder."""
        if self._lock is not None:
            try:
                self.flush()
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except (sqlite3.Error, LedgerError):
                pass  # a full disk: the write-ahead log stays, and is read at the next opening
            self._lock.close()
        self._db.close()

    def discard(self) -> None:
        """Remove a record in which nothing was found yet; the folder goes too when it holds nothing else."""
        self.close()
        for name in ("record.sqlite", "record.sqlite-wal", "record.sqlite-shm", "lock"):
            (self.folder / name).unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()

    # --- writing ------------------------------------------------------------------------------------------------

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if self._open:
                self._open = False
                if self._db.in_transaction:
                    self._db.rollback()
            raise LedgerError(
                f"cannot write the record in {self.folder}: {error}; all that was shown before is kept: "
                f"mend it and go on with `evolve resume {self.folder}`"
            ) from error

    def _write(self, statement: str, values: Sequence[Any]) -> None:
        with self._guarded():
            if not self._open:
                self._db.execute("BEGIN IMMEDIATE")
                self._open = True
            self._db.execute(statement, values)

    def flush(self) -> None:
        """Commit what was added since the last flush; only then may it be shown to anybody."""
        if self._open:
            with self._guarded():
                self._db.execute("COMMIT")
                self._open = False

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
                json.dumps(dict(trial.notes), sort_keys=True),
            ),
        )

    def add_outcome(self, number: int, place: int, instance: str, stage: str, outcome: Outcome) -> None:
        """Add what one evaluation gave; `place` counts the trial's outcomes from 0."""
        cost = outcome.cost
        self._write(
            "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                place,
                instance,
                stage,
                outcome.status.value,
                outcome.score,
                json.dumps(dict(outcome.metrics), sort_keys=True),
                json.dumps(dict(outcome.measures), sort_keys=True),
                outcome.feedback,
                cost.wall_s,
                cost.cpu_s,
                cost.memory_bytes,
                cost.fuel,
                None if outcome.solution is None else json.dumps(outcome.solution),
            ),
        )

    def add_classes(self, keys: Sequence[str], number: int) -> None:
        """Say that programs with these keys behave like a trial; the first one to say so holds."""
        for key in keys:
            self._write("INSERT OR IGNORE INTO classes VALUES (?, ?)", (key, number))

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
            (kind, step, trial, int(closes), json.dumps(body or {}, sort_keys=True), json.dumps(used or {})),
        )

    # --- reading ------------------------------------------------------------------------------------------------

    def meta(self, key: str) -> Any:
        """Return what was noted about the run at its creation."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise LedgerError(f"the record has no {key!r}")
        return json.loads(row[0])

    def used(self) -> Mapping[str, float]:
        """Return what the run had used of each budget at its last event."""
        row = self._db.execute("SELECT used FROM events WHERE used != '{}' ORDER BY seq DESC LIMIT 1").fetchone()
        found: dict[str, float] = json.loads(row[0]) if row else {}
        return found

    def events(self, *kinds: str, step: int | None = None) -> Iterator[Row]:
        """Yield events in order: all, or those of some kinds, or of one step."""
        where, values = ["1"], list[Any](kinds)
        if kinds:
            where.append(f"kind IN ({', '.join('?' * len(kinds))})")
        if step is not None:
            where.append("step = ?")
            values.append(step)
        statement = f"SELECT seq, kind, step, trial, closes, body FROM events WHERE {' AND '.join(where)} ORDER BY seq"
        for seq, kind, at, trial, closes, body in self._db.execute(statement, values):
            yield Row(seq, kind, at, trial, bool(closes), json.loads(body))

    def history(self, *kinds: str) -> Iterator[tuple[Row, Trial | None]]:
        """Yield events in order, all or those of some kinds, each with the trial it is about as it was proposed."""
        where = f"WHERE kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
        statement = (
            "SELECT seq, kind, e.step, trial, closes, body, parents, operator, model, program, notes "
            f"FROM events e LEFT JOIN trials ON number = trial {where} ORDER BY seq"
        )
        rows = self._db.execute(statement, kinds)
        for seq, kind, step, number, closes, body, parents, operator, model, digest, notes in rows:
            trial = None
            if parents is not None:
                lineage = tuple(json.loads(parents))
                trial = Trial(number, self.program(digest), lineage, operator, model, json.loads(notes))
            yield Row(seq, kind, step, number, bool(closes), json.loads(body)), trial

    def best(self) -> int | None:
        """Return the number of the committed trial of highest fitness, the oldest of equals."""
        row = self._db.execute(
            "SELECT trial FROM events WHERE kind = 'committed' AND json_extract(body, '$.fitness') IS NOT NULL "
            "ORDER BY json_extract(body, '$.fitness') DESC, seq LIMIT 1"
        ).fetchone()
        return None if row is None else int(row[0])

    def saved(self) -> tuple[int, float]:
        """Return how many trials took over a known outcome, and the CPU seconds that this saved."""
        row = self._db.execute(
            "SELECT count(*), total(json_extract(l.body, '$.cpu_s')) FROM events e JOIN events l "
            "ON l.kind = 'committed' AND l.trial = json_extract(e.body, '$.reused_from') "
            "WHERE e.kind = 'committed' AND json_extract(e.body, '$.reused_from') IS NOT NULL"
        ).fetchone()
        return int(row[0]), float(row[1])

    def last(self, *kinds: str) -> Row | None:
        """Return the latest event of some kinds."""
        statement = f"SELECT max(seq) FROM events WHERE kind IN ({', '.join('?' * len(kinds))})"
        seq = self._db.execute(statement, kinds).fetchone()[0]
        if seq is None:
            return None
        values = self._db.execute("SELECT kind, step, trial, closes, body FROM events WHERE seq = ?", (seq,)).fetchone()
        kind, step, trial, closes, body = values
        return Row(seq, kind, step, trial, bool(closes), json.loads(body))

    def counts(self) -> Mapping[str, int]:
        """Return how many rows each table has, and how many events there are of each kind."""
        tables = ("programs", "trials", "outcomes", "classes", "events")
        rows = {name: self._db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
        kinds = dict(self._db.execute("SELECT kind, count(*) FROM events GROUP BY kind"))
        return {"committed": 0, "refused": 0, **kinds, **rows}

    def class_of(self, keys: Sequence[str]) -> int | None:
        """Return the evaluated trial that has one of these keys, or None."""
        for key in keys:
            row = self._db.execute("SELECT trial FROM classes WHERE key = ?", (key,)).fetchone()
            if row is not None:
                return int(row[0])
        return None

    def program(self, digest: str) -> Program:
        """Return a program by its content address; its text loads on first use."""
        return Program.stored(digest, lambda: self._files(digest))

    def _files(self, digest: str) -> Mapping[str, str]:
        row = self._db.execute("SELECT files FROM programs WHERE digest = ?", (digest,)).fetchone()
        if row is None:
            raise LedgerError(f"the record lacks program {digest}")
        files: dict[str, str] = json.loads(row[0])
        return files

    def proposed(self, number: int) -> Trial:
        """Return a trial as it entered the run, without outcomes."""
        row = self._db.execute(
            "SELECT parents, operator, model, program, notes FROM trials WHERE number = ?", (number,)
        ).fetchone()
        if row is None:
            raise LedgerError(f"the record has no trial {number}")
        parents, operator, model, digest, notes = row
        return Trial(number, self.program(digest), tuple(json.loads(parents)), operator, model, json.loads(notes))

    def trial(self, number: int) -> Trial:
        """Return a trial with its outcomes, as far as it got."""
        row = self._db.execute(
            "SELECT body FROM events WHERE trial = ? AND kind = 'committed'", (number,)
        ).fetchone()
        return self.judged(self.proposed(number), json.loads(row[0])) if row else self.proposed(number)

    def judged(self, trial: Trial, body: Mapping[str, Any]) -> Trial:
        """Return a proposed trial with what its commit event says of it."""
        leader = body.get("reused_from")
        return Trial(
            trial.number,
            trial.program,
            trial.parents,
            trial.operator,
            trial.model,
            trial.notes,
            body["class_key"],
            TrialStatus(body["status"]),
            tuple(self.outcomes(trial.number if leader is None else leader, leader, body["outcomes"])),
            body["score"],
            body["fitness"],
            cpu_s=body["cpu_s"],
        )

    def outcomes(self, number: int, reused_from: int | None = None, first: int = -1) -> Iterator[Scored]:
        """Yield a trial's outcomes, all or its `first` ones, without their solutions."""
        for instance, stage, status, score, metrics, measures, feedback, *cost in self._db.execute(
            "SELECT instance, stage, status, score, metrics, measures, feedback, wall_s, cpu_s, memory_bytes, fuel "
            "FROM outcomes WHERE trial = ? ORDER BY place LIMIT ?",
            (number, first),
        ):
            outcome = Outcome(
                Status(status), score, json.loads(metrics), json.loads(measures), feedback, None, Cost(*cost)
            )
            yield Scored(instance, stage, outcome, reused_from)

    def solutions(self, number: int) -> Mapping[str, Any]:
        """Return what a trial's program answered, by instance id."""
        rows = self._db.execute("SELECT instance, solution FROM outcomes WHERE trial = ?", (number,))
        return {instance: json.loads(text) for instance, text in rows if text is not None}

    # --- checking -----------------------------------------------------------------------------------------------

    def faults(self) -> list[str]:
        """Return what is wrong with the record, one line each; nothing when it is whole."""
        found = [f"SQLite: {line}" for (line,) in self._db.execute("PRAGMA integrity_check") if line != "ok"]
        for words, query in (
            ("trials without a program", "SELECT number FROM trials WHERE program NOT IN (SELECT digest FROM programs)"),
            ("outcomes without a trial", "SELECT trial FROM outcomes WHERE trial NOT IN (SELECT number FROM trials)"),
            (
                "commits without a trial",
                "SELECT trial FROM events WHERE kind = 'committed' AND trial NOT IN (SELECT number FROM trials)",
            ),
            (
                "trials committed twice",
                "SELECT trial FROM events WHERE kind = 'committed' GROUP BY trial HAVING count(*) > 1",
            ),
            (
                "judged trials without an outcome",
                "SELECT trial FROM events WHERE kind = 'committed' AND body LIKE '%\"status\": \"ok\"%' "
                "AND trial NOT IN (SELECT trial FROM outcomes)",
            ),
        ):
            numbers = [str(number) for (number,) in self._db.execute(query).fetchmany(5)]
            if numbers:
                found.append(f"{words}: {', '.join(numbers)}")
        return found
