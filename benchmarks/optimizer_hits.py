"""How much of a search for update rules repeats itself: by text, by dataflow, by behaviour; and where its CPU goes.

Regularised evolution (100 rules of at most 64 statements, tournaments of 2) from AdamW with 21 functions, as in the
search that found Lion, on three trainings of 60 steps, by the real engine. That paper reports 89.1 % by dataflow.

    python benchmarks/optimizer_hits.py [--trials 12000] [--seeds 2]

Reference: Chen et al., "Symbolic discovery of optimization algorithms", arXiv:2302.06675, 2023, section 2.2.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from evolve_problems.optimizer_search.language import LANGUAGE

from evolve.record import reading
from evolve.run import Run
from evolve.straight import dataflow_key, read

PROBLEM = Path(__file__).resolve().parent / "optimizer_rules"
GATE = (0.85, 0.93)
"""Where the share of hits by dataflow has been after 12,000 candidates, whatever the seed."""


def measure(trials: int, seed: int) -> dict[str, float]:
    """Run the search once, and return shares of hits and of CPU time."""
    with tempfile.TemporaryDirectory() as folder:
        overrides = [f"budget.trials={trials}", f"run.seed={seed}", "run.workers=1"]
        run = Run.create(str(PROBLEM), overrides=overrides, out=Path(folder) / "run")
        summary = asyncio.run(run.execute([]))
        with reading(Path(summary.run)) as record:
            ((task_s, evaluations),) = record.query("SELECT total(cpu_s), count(*) FROM outcomes")
            query = "SELECT files FROM trials JOIN programs ON program = digest ORDER BY number"
            texts = [next(iter(json.loads(files).values())) for (files,) in record.query(query)]
            last = texts[-100:]
    programs = {text: read(text, LANGUAGE.blocks) for text in dict.fromkeys(texts)}
    flows = {dataflow_key(program, LANGUAGE.blocks.commutative) for program in programs.values()}
    dead = [1.0 - len(programs[text].pruned().statements) / max(1, len(programs[text].statements)) for text in last]
    return {
        "text": 1.0 - len(programs) / len(texts),
        "dataflow": 1.0 - len(flows) / len(texts),
        "behaviour": summary.reused / len(texts),
        "dead_statements": sum(dead) / len(dead),
        "evaluations": evaluations,
        "cpu_s": summary.cpu_seconds,
        "training_share": task_s / summary.cpu_seconds,
        "ms_per_candidate": 1e3 * summary.cpu_seconds / len(texts),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=12_000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    rows = [measure(given.trials, seed) for seed in range(given.seeds)]
    if given.json:
        print(json.dumps(rows))
        return
    print(f"{given.trials:,} candidates, load {os.getloadavg()[0]:.1f}")
    print("seed   text     dataflow  behaviour  dead statements  trainings  CPU s   in trainings  ms per candidate")
    for seed, row in enumerate(rows):
        shares = "   ".join(
            f"{100 * row[name]:5.1f} %" for name in ("text", "dataflow", "behaviour", "dead_statements")
        )
        used = f"{row['evaluations']:9,.0f}  {row['cpu_s']:6.1f}   {100 * row['training_share']:8.1f} %"
        print(f"{seed:4}   {shares}   {used}  {row['ms_per_candidate']:10.2f}")
    spared = [(row["behaviour"] - row["dataflow"]) / (1.0 - row["dataflow"]) for row in rows]
    print(f"of what dataflow leaves, behaviour spares {100 * min(spared):.0f} to {100 * max(spared):.0f} %")
    held = all(GATE[0] <= row["dataflow"] <= GATE[1] for row in rows)
    print(f"hits by dataflow within {GATE[0]:.0%} and {GATE[1]:.0%}: {'yes' if held else 'NO'}")


if __name__ == "__main__":
    main()
