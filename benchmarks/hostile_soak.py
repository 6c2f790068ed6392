"""A long run among enemies: a fifth of the candidates loop for ever, a tenth are the hostile suite's programs.

Two questions. Does the run end in 1.2 times the ideal time, with no process left and no growth of the engine's memory?
(Ideal: a candidate that ran out of time costs exactly its limit, all others what they used, spread over the workers.)
And when the engine is killed with `kill -9` in the middle, is everything gone three seconds later?

    python benchmarks/hostile_soak.py                      # about five minutes
    python benchmarks/hostile_soak.py --candidates 100     # a quick look
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).resolve().parents[1] / "tests" / "hostile" / "programs"
WARM_UP = 0.1
"""Share of the run after which the engine's memory counts as settled."""
GRACE_S = 3.0
"""How long processes may take to go once the engine has ended."""

TOML = """
[problem]
title = "two, among enemies"
[program]
seed = "seed.py"
entry = "solve() -> float"
[limits]
wall_s = {wall_s}
memory_mb = 512
result_mb = 8
[strategy]
use = "steady_state"
[mutator]
use = "enemies"
[class_keys]
levels = []
"""

SEED = "def solve():\n    return 2.0\n"

EVALUATE = """
from evolve import Outcome

def evaluate(candidate, instance):
    x = candidate.call("solve")
    return Outcome.ok(x) if isinstance(x, float) and abs(x) < 10 else Outcome.invalid("not a small number")
"""

PLUGIN = """
import json
from dataclasses import dataclass, field
from pathlib import Path

from evolve import Mutator, Proposal, hookimpl

HOSTILE = json.loads(Path(__file__).with_name("hostile.json").read_text())


@dataclass
class Enemies(Mutator):
    purposes = frozenset({"improve", "restart"})
    made: int = field(default=0, init=False, repr=False)

    async def propose(self, parents, context):
        number, self.made = self.made, self.made + 1
        if number % 10 in (2, 7):
            name, text = "loop", f"def solve():\\n    while True:\\n        {number}\\n"
        elif number % 10 == 5:
            name, text = HOSTILE[number // 10 % len(HOSTILE)]
        else:
            name, text = "honest", f"def solve():\\n    return {number % 17 / 16} + 1.0\\n"
        parent = parents[0] if parents else context.best
        child = parent.program.child({parent.program.main: text + f"\\nNUMBER = {number}\\n"})
        return [Proposal(child, name, (parent.number,))]


@hookimpl
def evolve_mutators():
    return {"enemies": Enemies}
"""


def make_problem(folder: Path, wall_s: float) -> None:
    """Write the problem folder; hostile programs lose their first line, which tells what is expected."""
    folder.mkdir()
    hostile = []
    for path in sorted(PROGRAMS.glob("*.py")):
        text = path.read_text(encoding="utf-8").partition("\n")[2]
        hostile.append((path.stem, re.sub(r"def solve\(folder\)", f"def solve(folder={str(folder)!r})", text)))
    (folder / "hostile.json").write_text(json.dumps(hostile), encoding="utf-8")
    for name, text in (
        ("problem.toml", TOML.format(wall_s=wall_s)),
        ("seed.py", SEED),
        ("evaluate.py", EVALUATE),
        ("plugin.py", PLUGIN),
    ):
        (folder / name).write_text(text, encoding="utf-8")


def engine(folder: Path, candidates: int, workers: int, out: Path) -> dict[str, Any]:
    """Run the search in this process; return counts, times in seconds and memory in MiB."""
    from evolve.events import Committed, Event, Finished, Started
    from evolve.run import Run

    ends: Counter[str] = Counter()
    spent = {"timeout": 0.0, "others": 0.0, "latest": 0.0}
    marks: dict[str, float] = {}
    memory: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, Started | Finished):
            marks[type(event).__name__] = time.monotonic()
        if not isinstance(event, Committed) or event.trial is None:
            return
        for scored in event.trial.outcomes:
            outcome = scored.outcome
            ends[
                f"{event.trial.operator if event.trial.operator in ('loop', 'honest') else 'hostile'}: {outcome.status}"
            ] += 1
            late = outcome.status == "timeout"
            spent["timeout" if late else "others"] += outcome.cost.wall_s
            spent["latest"] = max(spent["latest"], outcome.cost.wall_s)
        memory.append(resident_mb())
        print(event.trial.number, flush=True)

    extra = {"budget": {"trials": candidates}, "run": {"workers": workers}}
    run = Run.create(str(folder), extra=extra, out=out)
    asyncio.run(run.execute([note]))
    settled = memory[int(len(memory) * WARM_UP)]
    timeouts = sum(count for end, count in ends.items() if end.endswith(": timeout"))
    limit = float(run.problem.config.limits.wall_s)
    return {
        "ends": dict(sorted(ends.items())),
        "seconds": marks["Finished"] - marks["Started"],
        "ideal": (timeouts * limit + spent["others"]) / workers,
        "latest": spent["latest"],
        "growth_mb": max(memory[int(len(memory) * WARM_UP) :]) - settled,
        "memory_mb": memory[-1],
    }


def resident_mb() -> float:
    """Return the resident memory of this process, in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def descendants() -> list[int]:
    """Return the living processes below this one."""
    parents, living = {}, set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.name)] = int(fields[1])
        if fields[0] != "Z":
            living.add(int(entry.name))
    found = {os.getpid()}
    while len(found) < len(found := found | {pid for pid, parent in parents.items() if parent in found}):
        pass
    return sorted((found & living) - {os.getpid()})


def adopt_orphans(wanted: bool = True) -> None:
    """Become the parent of all orphans below, so that `descendants` misses none, or stop being it."""
    ctypes.CDLL(None).prctl(36, int(wanted), 0, 0, 0)


def start(folder: Path, candidates: int, workers: int, out: Path) -> subprocess.Popen[str]:
    """Start an engine in a process of its own; it prints a number for each trial, then its results."""
    command = [sys.executable, __file__, "--engine", str(folder), "--out", str(out)]
    command += ["--candidates", str(candidates), "--workers", str(workers)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


def soak(folder: Path, candidates: int, workers: int, out: Path) -> dict[str, Any]:
    """Run to the end; return what the engine reports, and the processes that it left."""
    before = set(descendants())
    with start(folder, candidates, workers, out) as process:
        assert process.stdout is not None
        report: dict[str, Any] = json.loads(process.stdout.read().splitlines()[-1])
    deadline = time.monotonic() + GRACE_S
    while (left := set(descendants()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    report["orphans"] = len(left)
    return report


def kill_in_the_middle(folder: Path, workers: int, out: Path, patience_s: float) -> float:
    """Kill an engine while its candidates loop; return seconds until all is gone, infinity when it is not."""
    before = set(descendants())
    with start(folder, 10_000, workers, out) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 12:
                break
        time.sleep(0.3)  # by now endless loops run
        assert len(set(descendants()) - before) > 1 + workers
        os.kill(process.pid, signal.SIGKILL)
        begun = time.monotonic()
        while set(descendants()) - before:
            if time.monotonic() - begun > patience_s:
                return float("inf")
            time.sleep(0.01)
        return time.monotonic() - begun


def verdict(holds: bool) -> str:
    """Return a word for a target."""
    return "PASS" if holds else "MISSED"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both parts and print each figure beside its target; return 0 when all hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--limit", type=float, default=1.0, help="wall seconds of a candidate")
    parser.add_argument("--engine", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.engine:
        print(json.dumps(engine(options.engine, options.candidates, options.workers, options.out)))
        return 0
    adopt_orphans()
    with tempfile.TemporaryDirectory() as scratch:
        problem = Path(scratch, "problem")
        make_problem(problem, options.limit)
        gone = kill_in_the_middle(problem, options.workers, Path(scratch, "killed"), 20.0)
        found = soak(problem, options.candidates, options.workers, Path(scratch, "run"))
    ratio = found["seconds"] / found["ideal"]
    held = [ratio <= 1.2, found["orphans"] == 0, found["growth_mb"] <= 20, gone <= 3]
    print(f"{options.candidates} candidates, {options.workers} workers, limit {options.limit:g} s: {found['ends']}")
    print(f"{found['seconds']:.0f} s, ideal {found['ideal']:.0f} s: {ratio:.3f} times (limit 1.2) {verdict(held[0])}")
    print(f"longest candidate {found['latest']:.2f} s (limit {options.limit + 1:g})")
    print(f"{found['orphans']} processes left (limit 0) {verdict(held[1])}")
    print(f"engine memory grew {found['growth_mb']:.1f} to {found['memory_mb']:.0f} MiB (limit 20) {verdict(held[2])}")
    print(f"kill -9 of the engine: all gone after {gone:.2f} s (limit 3) {verdict(held[3])}")
    return 0 if all(held) else 1


if __name__ == "__main__":
    raise SystemExit(main())
