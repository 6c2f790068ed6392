"""`Record`: a run's SQLite file, as its readers see it.

Rows are only ever added (`evolve.ledger`). What a run knows is rebuilt by reading the events in order; means, bests
and counts are views (`evolve.views`), never stored truths.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from evolve.errors import LedgerError
from evolve.evaluation import Cost, Outcome, Status
from evolve.program import Program
from evolve.trial import Scored, Trial, TrialStatus

__all__ = ["FORMAT", "LADDER_PLACES", "Record", "Row", "averaged", "existing", "reading"]

FORMAT = 2
"""Version of the record's layout; a newer record is refused, not guessed at."""

LADDER_PLACES = 100_000
"""Outcomes of a trial are numbered: those of its ladder from 0, those of a later step from this times (step + 1)."""


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


class Record:
    """The record in a run folder, to look at; also while a run is writing. Open it with `Record.read`.

    Args:
        folder: the run folder.
        connection: to its SQLite file.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self._db = connection

    @classmethod
    def read(cls, folder: Path) -> Record:
        """Open a record to look at it.

        Raises:
            LedgerError: there is none, or it was written in another format.
        """
        address = existing(folder).resolve().as_uri()
        connection = sqlite3.connect(f"{address}?mode=ro", uri=True)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.Error:  # a folder that cannot be written cannot hold WAL's side files
            connection.close()
            connection = sqlite3.connect(f"{address}?mode=ro&immutable=1", uri=True)
        record = cls(folder, connection)
        record._check_format()
        return record

    def _check_format(self) -> None:
        """Refuse and close a file that is no record, or one of another format.

        Raises:
            LedgerError: saying which evolve can read it.
        """
        try:
            found = self.meta("format")
        except (sqlite3.Error, LedgerError) as error:
            self.close()
            raise LedgerError(f"{self.folder / 'record.sqlite'} is not a record of evolve ({error})") from error
        if found != FORMAT:
            self.close()
            raise LedgerError(
                f"{self.folder} was written in record format {found}; this evolve reads format {FORMAT}: "
                "install the evolve that wrote it"
            )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def query(self, statement: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a SELECT; the tables are described in the reference of the record."""
        yield from self._db.execute(statement, values)

    def meta(self, key: str) -> Any:
        """Return what was noted about the run at its creation."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise LedgerError(f"the record has no {key!r}")
        return json.loads(row[0])

    def events(self, where: str = "1", *values: Any) -> Iterator[Row]:
        """Yield events in order: all, or those that an SQL condition picks, such as `"step = ?"`."""
        statement = f"SELECT seq, kind, step, trial, closes, body FROM events WHERE {where} ORDER BY seq"
        for seq, kind, step, trial, closes, body in self._db.execute(statement, values):
            yield Row(seq, kind, step, trial, bool(closes), _plain(body))

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
                lineage = tuple(_plain(parents))
                trial = Trial(number, self.program(digest), lineage, operator, model, _plain(notes))
            yield Row(seq, kind, step, number, bool(closes), _plain(body)), trial

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
        return Trial(number, self.program(digest), tuple(_plain(parents)), operator, model, _plain(notes))

    def trial(self, number: int) -> Trial:
        """Return a trial with its outcomes, as far as it got."""
        row = self._db.execute("SELECT body FROM events WHERE trial = ? AND kind = 'committed'", (number,)).fetchone()
        return self.judged(self.proposed(number), json.loads(row[0])) if row else self.proposed(number)

    def judged(self, trial: Trial, body: Mapping[str, Any]) -> Trial:
        """Return a proposed trial with what its commit event says of it."""
        leader = body.get("reused_from")
        outcomes = tuple(self.outcomes(trial.number if leader is None else leader, leader, body["outcomes"]))
        members = tuple(body.get("averaged", ()))
        return Trial(
            trial.number,
            trial.program,
            trial.parents,
            trial.operator,
            trial.model,
            trial.notes,
            body["class_key"],
            TrialStatus(body["status"]),
            averaged(self, outcomes, members) if members else outcomes,
            body["score"],
            body["fitness"],
            cpu_s=body["cpu_s"],
            averaged=members,
        )

    def outcomes(self, number: int, reused_from: int | None = None, first: int = -1) -> Iterator[Scored]:
        """Yield a trial's outcomes, all or its `first` ones, without their solutions."""
        for instance, stage, status, score, metrics, measures, feedback, rung, *cost in self._db.execute(
            "SELECT instance, stage, status, score, metrics, measures, feedback, rung, "
            "wall_s, cpu_s, memory_bytes, fuel FROM outcomes WHERE trial = ? ORDER BY place LIMIT ?",
            (number, first),
        ):
            known = _plain(metrics), _plain(measures)
            try:
                outcome = Outcome(Status(status), score, *known, feedback, None, Cost(*cost), rung)
            except ValueError as error:
                raise LedgerError(f"the record in {self.folder} is damaged: trial {number}: {error}") from error
            yield Scored(instance, stage, outcome, reused_from)

    def solutions(self, number: int) -> Mapping[str, Any]:
        """Return what a trial's program answered, by instance id."""
        rows = self._db.execute("SELECT instance, solution FROM outcomes WHERE trial = ?", (number,))
        return {instance: json.loads(text) for instance, text in rows if text is not None}


def averaged(record: Record, outcomes: Sequence[Scored], members: Sequence[int]) -> tuple[Scored, ...]:
    """Return outcomes whose scores are the means over several trials' ladders; those that failed do not count.

    Args:
        record: of the run.
        outcomes: of a trial; what fails stays as it is.
        members: numbers of the trials to average over.
    """
    marks = ", ".join("?" * len(members))
    scores: dict[tuple[str, str], list[float]] = {}
    for stage, instance, score in record.query(
        f"SELECT stage, instance, score FROM outcomes WHERE trial IN ({marks}) AND place < ? AND score NOT NULL",
        (*members, LADDER_PLACES),
    ):
        scores.setdefault((stage, instance), []).append(score)
    return tuple(
        replace(s, outcome=replace(s.outcome, score=fmean(scores[s.stage, s.instance])))
        if s.outcome.valid and (s.stage, s.instance) in scores
        else s
        for s in outcomes
    )


@contextmanager
def reading(folder: Path) -> Iterator[Record]:
    """Open a record to look at it, and close it afterwards.

    Raises:
        LedgerError: there is no readable record, or it turns out to be damaged.
    """
    record = Record.read(folder)
    try:
        yield record
    except sqlite3.Error as error:
        raise LedgerError(f"the record in {folder} is damaged, or of another version of evolve: {error}") from error
    finally:
        record.close()


def existing(folder: Path) -> Path:
    """Return the path of a run folder's record.

    Raises:
        LedgerError: there is no such folder, or no record in it.
    """
    path = folder / "record.sqlite"
    if not folder.is_dir():
        raise LedgerError(f"no run folder at {folder}")
    if not path.is_file():
        raise LedgerError(f"{folder} holds no run (there is no record.sqlite in it)")
    return path


_decode = json.JSONDecoder().raw_decode


def _plain(text: str) -> Any:
    """Read JSON that the ledger wrote; half the time of `json.loads`, which skips white space that is not there."""
    return {} if text == "{}" else _decode(text)[0]
