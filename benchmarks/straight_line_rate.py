"""How many straight-line programs a CPU second tries, in whole runs of the engine on a task that costs microseconds.

Everything counts: deciding, proposing, gates, class keys, the probe of behaviour, the way to the worker and back, the
evaluation, and the record. Start and end of the run do not.

    python benchmarks/straight_line_rate.py
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from evolve.events import Committed, Event
from evolve.record import reading
from evolve.run import Run

PROBLEM = Path(__file__).resolve().parent / "curve"
TARGET = 1000.0
WARM = 500
"""Trials after which everything is warm."""


def measure(trials: int, seed: int) -> dict[str, float]:
    """Run the engine once, and return rates and shares."""
    marks: dict[int, tuple[float, float]] = {}

    def watch(event: Event) -> None:
        if isinstance(event, Committed) and event.trial is not None and event.trial.number in (WARM, trials - 1):
            assert run.loop is not None
            marks[event.trial.number] = time.process_time(), run.loop.state.meter.used["cpu_seconds"]

    with tempfile.TemporaryDirectory() as folder:
        overrides = [f"budget.trials={trials}", f"run.seed={seed}", "run.workers=1"]
        run = Run.create(str(PROBLEM), overrides=overrides, out=Path(folder) / "run")
        summary = asyncio.run(run.execute([watch]))
        with reading(Path(summary.run)) as record:
            query = "SELECT total(cpu_s), count(*) FROM outcomes WHERE trial > ?"
            ((task_s, evaluations),) = record.query(query, (WARM,))
    whole = marks[trials - 1][1] - marks[WARM][1]
    engine = marks[trials - 1][0] - marks[WARM][0]
    count = trials - 1 - WARM
    return {
        "candidates_per_cpu_second": count / whole,
        "evaluations_per_cpu_second": evaluations / whole,
        "hit_share": summary.reused / summary.trials,
        "engine_ms_per_candidate": 1e3 * engine / count,
        "share_outside_evaluation": 1.0 - task_s / whole,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=12_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    rows = [measure(given.trials, seed) for seed in range(given.seeds)]
    if given.json:
        print(json.dumps(rows))
        return
    print(f"{given.trials:,} trials, load {os.getloadavg()[0]:.1f}; target {TARGET:,.0f} candidates per CPU second")
    print("seed   candidates/CPU-s   evaluations/CPU-s   hits     engine ms   outside evaluation")
    for seed, row in enumerate(rows):
        print(
            f"{seed:4}   {row['candidates_per_cpu_second']:16.0f}   {row['evaluations_per_cpu_second']:17.0f}"
            f"   {100 * row['hit_share']:4.1f} %   {row['engine_ms_per_candidate']:9.2f}"
            f"   {100 * row['share_outside_evaluation']:16.1f} %"
        )


if __name__ == "__main__":
    main()
