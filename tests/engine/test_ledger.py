"""The record: append-only, one writer, readable at any time, and whole after every accident."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from evolve import views
from evolve.errors import LedgerError
from evolve.evaluation import Outcome
from evolve.ledger import Ledger
from evolve.program import Program
from evolve.record import Record, reading
from evolve.trial import Trial


def trial(number: int, text: str = "x = 1\n") -> Trial:
    return Trial(number, Program({"program.py": text}), parents=(number - 1,) if number else (), notes={"why": "test"})


def commit(ledger: Ledger, number: int, fitness: float | None) -> None:
    ledger.add_trial(number, trial(number, f"x = {number}\n"))
    if fitness is not None:
        ledger.add_outcome(number, 0, "one", "main", Outcome.ok(fitness, measures={"m": 0.5}, solution=[[1.0, 2.0]]))
    body = {
        "status": "failed" if fitness is None else "ok",
        "class_key": f"t:{number}",
        "reused_from": None,
        "score": fitness,
        "fitness": fitness,
        "cpu_s": 0.1,
        "outcomes": int(fitness is not None),
    }
    ledger.add_event("committed", number, number, closes=True, body=body)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.create(tmp_path / "run", {"problem": "test"})


def test_what_was_flushed_is_seen_by_a_reader_while_the_writer_goes_on(ledger: Ledger) -> None:
    commit(ledger, 0, 1.5)
    ledger.flush()
    commit(ledger, 1, 2.5)
    reader = Record.read(ledger.folder)
    assert views.counts(reader)["committed"] == 1
    found = reader.trial(0)
    assert (found.fitness, found.measures, dict(found.notes)) == (1.5, {"m": 0.5}, {"why": "test"})
    assert found.program.text == "x = 0\n"
    assert reader.solutions(0) == {"one": [[1.0, 2.0]]}
    assert found.outcomes[0].outcome.solution is None
    ledger.flush()
    assert views.best(reader) == 1
    reader.close()
    ledger.close()


def test_the_best_is_the_oldest_of_the_fittest(ledger: Ledger) -> None:
    for number, fitness in enumerate([None, 1.0, 3.0, 3.0, 2.0]):
        commit(ledger, number, fitness)
    assert views.best(ledger) == 2
    ledger.close()


def test_a_second_writer_is_told_who_has_the_folder(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match=r"is in use by another run \(process \d+\)"):
        Ledger.open(ledger.folder)
    ledger.close()
    Ledger.open(ledger.folder).close()


def test_a_record_of_a_newer_format_is_refused_by_name(ledger: Ledger) -> None:
    ledger.close()
    database = sqlite3.connect(ledger.folder / "record.sqlite")
    database.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
    database.commit()
    database.close()
    for use in (Record.read, Ledger.open):
        with pytest.raises(LedgerError, match="record format 99; this evolve reads format 2"):
            use(ledger.folder)


@pytest.mark.parametrize("data", [b"", b"not a database at all" * 100])
def test_a_file_that_is_no_record_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "record.sqlite").write_bytes(data)
    with pytest.raises(LedgerError, match="is not a record of evolve"):
        Record.read(tmp_path)


def test_a_full_disk_is_one_line_and_keeps_what_was_flushed(ledger: Ledger) -> None:
    commit(ledger, 0, 1.0)
    ledger.flush()
    pages = next(ledger.query("PRAGMA page_count"))[0]
    next(ledger.query(f"PRAGMA max_page_count = {pages + 2}"))

    def fill() -> None:
        for number in range(1, 1000):
            commit(ledger, number, 1.0)
            if number % 10 == 0:
                ledger.flush()

    with pytest.raises(LedgerError, match="disk is full; all that was shown before is kept"):
        fill()
    ledger.close()
    reader = Record.read(ledger.folder)
    assert views.faults(reader) == []
    committed = views.counts(reader)["committed"]
    assert committed == 1 or committed % 10 == 1
    reader.close()


def test_a_damaged_record_is_one_line(ledger: Ledger) -> None:
    commit(ledger, 0, 1.0)
    ledger.close()
    database = sqlite3.connect(ledger.folder / "record.sqlite")
    database.execute("UPDATE outcomes SET status = 'timeout'")
    database.commit()
    with (
        pytest.raises(LedgerError, match="is damaged: trial 0: a timeout outcome has no score"),
        reading(ledger.folder) as r,
    ):
        r.trial(0)
    database.execute("ALTER TABLE outcomes RENAME COLUMN fuel TO petrol")
    database.commit()
    database.close()
    with pytest.raises(LedgerError, match="is damaged, or of another version"), reading(ledger.folder) as record:
        record.trial(0)


def test_faults_name_what_is_wrong(ledger: Ledger) -> None:
    commit(ledger, 0, 1.0)
    commit(ledger, 1, 1.0)
    ledger.flush()
    assert views.faults(ledger) == []
    ledger.close()
    database = sqlite3.connect(ledger.folder / "record.sqlite")
    database.execute("DELETE FROM outcomes WHERE trial = 1")
    database.execute("DELETE FROM trials WHERE number = 0")
    database.commit()
    database.close()
    reader = Record.read(ledger.folder)
    found = " | ".join(views.faults(reader))
    assert "judged trials without an outcome: 1" in found
    assert "commits without a trial: 0" in found
    reader.close()


def test_what_is_pending_is_what_was_decided_and_not_closed(ledger: Ledger) -> None:
    actions = [{"step": step, "action": "propose"} for step in (0, 1, 2)]
    ledger.add_event("decided", 0, body={"free": 3, "actions": actions})
    commit(ledger, 1, 1.0)
    assert [action["step"] for action in views.pending(ledger)] == [0, 2]
    assert views.next_step(ledger) == 3
    ledger.close()


def test_discarding_leaves_no_file(ledger: Ledger) -> None:
    ledger.discard()
    assert not ledger.folder.exists()
