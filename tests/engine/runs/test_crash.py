"""`kill -9` at any moment: what was shown is there, nothing is judged twice, nothing is left running."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from evolve import views
from evolve.record import Record
from evolve.summary import summarise

SCRIPT = """
import asyncio, sys
from pathlib import Path
from evolve.events import Committed, Resumed, Started
from evolve.run import Run

def acknowledge(event):
    if isinstance(event, Started | Resumed):
        print("searching", flush=True)
    if isinstance(event, Committed):
        print(event.trial.number, flush=True)

async def main():
    problem, out = sys.argv[1], Path(sys.argv[2])
    budget = {"budget": {"trials": int(sys.argv[3])}}
    exists = (out / "record.sqlite").exists()
    run = Run.open(out, extra=budget) if exists else Run.create(problem, extra=budget, out=out)
    print("ready", flush=True)
    await run.execute([acknowledge])

if __name__ == "__main__":
    asyncio.run(main())
"""


def descendants_alive(session: int) -> list[int]:
    """Return the processes of a session that still run."""
    alive = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                alive.append(int(entry.name))
    return alive


def gone(session: int, patience_s: float = 20.0) -> bool:
    deadline = time.monotonic() + patience_s
    while descendants_alive(session):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_twenty_five_kills_lose_nothing_that_was_shown(problem: Path, tmp_path: Path, rows: Any) -> None:
    out = tmp_path / "run"
    script = tmp_path / "search.py"
    script.write_text(SCRIPT)
    rng = random.Random(20)
    shown: set[int] = set()
    kills = 0
    while kills < 25:
        command = [sys.executable, str(script), str(problem), str(out), "100000"]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        if kills % 5:  # one in five is killed while it starts
            assert process.stdout.readline() == "searching\n"
        time.sleep(rng.uniform(0.0, 0.6))
        os.kill(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        kills += 1
        shown |= {int(line) for line in output.split() if line.isdigit()}
        assert gone(process.pid), "a process of the killed run is still there"
        if (out / "record.sqlite").exists():
            committed = {number for (number,) in rows(out, "SELECT trial FROM events WHERE kind = 'committed'")}
            assert shown <= committed
    assert len(shown) > 25
    finished = subprocess.run(
        [sys.executable, str(script), str(problem), str(out), str(max(shown) + 20)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stderr == ""
    record = Record.read(out)
    assert views.faults(record) == []
    record.close()
    found = summarise(out)
    assert found.status == "finished"
    judged = rows(out, "SELECT count(*) FROM outcomes")[0][0]
    fresh = rows(out, "SELECT count(DISTINCT trial) FROM outcomes")[0][0]
    assert judged <= 2 * fresh  # two instances a trial, and the primary key forbids a second outcome of one of them
    charged = rows(
        out, "SELECT json_extract(used, '$.evaluations') FROM events WHERE used != '{}' ORDER BY seq DESC LIMIT 1"
    )
    assert charged[0][0] <= judged
