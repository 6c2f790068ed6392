"""Facts are shown when they are safe, and those of a moment together."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from evolve.budget import Meter
from evolve.chronicle import Chronicle
from evolve.events import Event, Proposed, Refused
from evolve.ledger import Ledger
from evolve.record import Record


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.create(tmp_path / "run", {})


def safe(ledger: Ledger) -> int:
    """Return how many facts another process would find."""
    reader = Record.read(ledger.folder)
    count = len(list(reader.events()))
    reader.close()
    return count


def test_what_is_shown_is_safe_and_comes_in_order(ledger: Ledger) -> None:
    shown: list[tuple[Event, int]] = []
    chronicle = Chronicle(ledger, Meter(), lambda event: shown.append((event, safe(ledger))))
    facts = [Proposed(0), Refused(1)]
    for fact in facts:
        chronicle.record(fact, "something", fact.step)
    assert (shown, chronicle.unsaid, safe(ledger)) == ([], True, 0)
    chronicle.say()
    assert (shown, chronicle.unsaid) == ([(fact, 2) for fact in facts], False)
    ledger.close()


def test_facts_of_a_moment_are_committed_together(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Event] = []
    chronicle = Chronicle(ledger, Meter(), shown.append)
    chronicle.record(Proposed(0), "something")
    chronicle.say()
    monkeypatch.setattr("evolve.ledger.TOGETHER_S", math.inf)  # the moment lasts
    for step in (1, 2):
        chronicle.record(Proposed(step), "something")
        chronicle.say(soon=True)
    assert ([event.step for event in shown], safe(ledger)) == ([0], 1)
    monkeypatch.setattr("evolve.ledger.TOGETHER_S", 0.0)  # it is over
    chronicle.say(soon=True)
    assert ([event.step for event in shown], safe(ledger)) == ([0, 1, 2], 3)
    ledger.close()


def test_what_was_used_is_written_when_it_has_changed(ledger: Ledger) -> None:
    meter = Meter()
    chronicle = Chronicle(ledger, meter, lambda event: None)
    for trials in (0, 1, 0, 0, 2):
        meter.charge(trials=trials)
        chronicle.record(Proposed(), "something")
    written = [used for (used,) in ledger.query("SELECT json_extract(used, '$.trials') FROM events ORDER BY seq")]
    assert written == [0.0, 1.0, None, None, 3.0]
    ledger.close()
