"""What the engine itself costs: CPU per trial, memory, and the time to open a long run again.

Nothing is evaluated for real: `benchmarks/trivial` answers at once, in the engine's own process, so all that is left
is deciding, mutating one number, class keys, the record, archive and events. Each case runs in a process of its own.

The last lines are of `benchmarks/straight_line`, programs that a worker runs without a fork: what a trial costs whose
class is known, by the level of class keys that says so, and one that is probed and evaluated; engine, worker and an
operator that replaces one number are all counted.

    python benchmarks/engine_overhead.py                   # about ten minutes
    python benchmarks/engine_overhead.py --large 20000     # a quick look
    python benchmarks/engine_overhead.py --large 0         # straight-line programs only
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

TRIVIAL = Path(__file__).resolve().parent / "trivial"
STRAIGHT_LINE = Path(__file__).resolve().parent / "straight_line"
LIMITS_MS = {"text": 0.5, "dataflow": 0.5, "behaviour": 0.5, "none": 0.9}
"""Milliseconds that a trial may cost, by the level at which its class is known."""


def search(folder: Path, trials: int) -> dict[str, float]:
    """Run the trivial problem for a number of trials; return CPU seconds and resident memory of this process."""
    from evolve.events import Event, Finished, Started
    from evolve.run import Run

    cpu: dict[type[Event], float] = {}

    def note(event: Event) -> None:
        cpu.setdefault(type(event), time.process_time())

    run = Run.create(TRIVIAL, extra={"budget": {"trials": trials}}, out=folder)
    asyncio.run(run.execute([note]))
    spent = cpu[Finished] - cpu[Started]
    return {"trials": trials, "ms_per_trial": 1000 * spent / trials, "memory_mb": resident_mb()}


def reopen(folder: Path, trials: int) -> dict[str, float]:
    """Open a finished run again; return wall and CPU seconds until it could go on."""
    from evolve.events import Event, Resumed
    from evolve.run import Run

    ready: list[tuple[float, float]] = []

    def note(event: Event) -> None:
        if isinstance(event, Resumed):
            ready.append((time.perf_counter(), time.process_time()))

    wall, cpu = time.perf_counter(), time.process_time()
    asyncio.run(Run.open(folder).execute([note]))
    return {
        "trials": trials,
        "seconds": ready[0][0] - wall,
        "cpu_seconds": ready[0][1] - cpu,
        "memory_mb": resident_mb(),
    }


def straight_line(folder: Path, trials: int, known_by: str) -> dict[str, float]:
    """Search among straight-line programs; return CPU milliseconds of the engine and its workers per trial."""
    from engine_rate import SETTLED, cpu_by_part

    from evolve.events import Committed, Event
    from evolve.run import Run

    spent: dict[int, dict[str, float]] = {}
    first, last = int(SETTLED * trials), trials - 20

    def note(event: Event) -> None:
        if isinstance(event, Committed) and event.trial is not None and event.trial.number in (first, last):
            spent[event.trial.number] = cpu_by_part()

    extra = {"budget": {"trials": trials}, "mutator": {"use": "renumber", "known_by": known_by}}
    asyncio.run(Run.create(str(STRAIGHT_LINE), extra=extra, out=folder).execute([note]))
    ms = {part: 1000 * (spent[last][part] - spent[first][part]) / (last - first) for part in spent[last]}
    return {"engine_ms": ms["engine"], "worker_ms": ms["worker"]}


def resident_mb() -> float:
    """Return the resident memory of this process, in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


def in_own_process(case: str, folder: Path, trials: int, known_by: str = "none") -> dict[str, float]:
    """Run one case in a fresh interpreter."""
    command = [sys.executable, __file__, "--case", case, "--folder", str(folder), "--large", str(trials)]
    command += ["--known-by", known_by]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one line per case, beside the limit that the project set itself."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", type=int, default=100_000, help="trials of the long run")
    parser.add_argument("--straight", type=int, default=6000, help="trials of each run of straight-line programs")
    parser.add_argument("--case", choices=("search", "reopen", "straight"), help=argparse.SUPPRESS)
    parser.add_argument("--known-by", choices=tuple(LIMITS_MS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.case:
        if options.case == "straight":
            found = straight_line(options.folder, options.large, options.known_by)
        else:
            found = {"search": search, "reopen": reopen}[options.case](options.folder, options.large)
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as scratch:
        if options.large:
            show_large(Path(scratch), options.large)
        for known_by, limit in LIMITS_MS.items():
            found = in_own_process("straight", Path(scratch) / known_by, options.straight, known_by)
            engine, worker = found["engine_ms"], found["worker_ms"]
            what = "evaluated" if known_by == "none" else f"reused, known by its {known_by}"
            total = f"{engine + worker:.2f} ms of CPU (limit {limit}): engine {engine:.2f}, worker {worker:.2f}"
            print(f"a straight-line trial {what}: {total}", flush=True)


def show_large(scratch: Path, large: int) -> None:
    """Print what a search costs that evaluates every trial, and opening it again."""
    for trials in sorted({10, min(10_000, large), large}):
        folder = scratch / f"run-{trials}"
        found = in_own_process("search", folder, trials)
        cost, memory = found["ms_per_trial"], found["memory_mb"]
        print(f"{trials:>7} trials: {cost:6.2f} ms of engine CPU each (limit 5), {memory:6.1f} MiB (limit 200)")
    size = (folder / "record.sqlite").stat().st_size / 2**20
    found = in_own_process("reopen", folder, large)
    seconds, cpu, memory = found["seconds"], found["cpu_seconds"], found["memory_mb"]
    print(f"{large:>7} trials: reopened in {seconds:.2f} s, {cpu:.2f} s of CPU (limit 5), {memory:.1f} MiB")
    print(f"the record has {size:.0f} MiB")


if __name__ == "__main__":
    main()
