"""What tuning reaches: CMA-ES on the constants of AdamW, Lion and momentum, on the tasks of the search.

    python problems/optimizer_search/baseline.py --method adamw --seconds 60 --seed 1
    python problems/optimizer_search/baseline.py --method adamw --store    # the same, into rivals.json and records.json
    python problems/optimizer_search/baseline.py --store          # the same constants, judged again
    python problems/optimizer_search/baseline.py --table          # what rivals.json says
    python problems/optimizer_search/baseline.py --references     # the losses that count as 1 in suites.py

Tuning prints a line for each improvement (CPU seconds, score on the training tasks), then the constants, the score on
the sealed tasks, and once more that on the training tasks. One thread, metered in CPU seconds.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import time
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: more threads cost more CPU here, and find no more

import cma
import numpy as np
from evolve_problems._shared.training import descend
from evolve_problems.optimizer_search import suites
from evolve_problems.optimizer_search.language import compiled, score_on
from evolve_problems.optimizer_search.rivals import RIVALS, STORE, Rival

_METHODS = {name.lower(): rival for name, rival in RIVALS.items()}
_RATES = (0.0003, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3)


def tune(rival: Rival, seed: int, seconds: float) -> dict[str, float]:
    """Return the best constants found, and print each improvement.

    Args:
        rival: whose constants.
        seed: of CMA-ES.
        seconds: of CPU time.
    """
    names = list(rival.usual)
    best, found = -math.inf, dict(rival.usual)
    begun = time.process_time()

    def constants(point: np.ndarray) -> dict[str, float]:
        """Averages count by how far they are from 1, everything on a logarithmic scale from 0 to 1."""
        values = {}
        for name, place in zip(names, np.clip(point, 0.0, 1.0), strict=True):
            low, high = rival.low[name], rival.high[name]
            if name.startswith("beta"):
                values[name] = 1.0 - (1.0 - low) * ((1.0 - high) / (1.0 - low)) ** float(place)
            else:
                values[name] = low * (high / low) ** float(place)
        return values

    def place(name: str) -> float:
        low, high, value = rival.low[name], rival.high[name], rival.usual[name]
        if name.startswith("beta"):
            low, high, value = 1.0 - low, 1.0 - high, 1.0 - value
        return min(1.0, max(0.0, math.log(value / low) / math.log(high / low)))

    start = [place(name) for name in names]
    for restart in range(1000):
        options = {"seed": 1000 * seed + restart + 1, "verbose": -9, "bounds": [0.0, 1.0], "tolfun": 1e-5}
        search = cma.CMAEvolutionStrategy(start, 0.25, options)
        while not search.stop():
            points = search.ask()
            losses = []
            for point in points:
                program = rival.program(constants(point))
                score = float(np.mean([score_on(program, task) for task in suites.TRAIN]))
                losses.append(-score)
                used = time.process_time() - begun
                if score > best:
                    best, found = score, constants(point)
                    print(f"{used:9.2f} s  {best:.6f}", flush=True)
                if used > seconds:
                    return found
            search.tell(points, losses)
        start = list(np.random.default_rng((seed, restart)).random(len(names)))
    return found


def store(known: dict[str, dict[str, Any]]) -> None:
    """Write constants and scores of the tuned rules into rivals.json, and the scores into records.json.

    Args:
        known: constants, date and source by name of the rule.
    """
    for name, entry in known.items():
        program = RIVALS[name].program(entry["constants"])
        entry["scores"] = {task.id: round(score_on(program, task), 6) for task in suites.TASKS.values()}
    STORE.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    records: dict[str, list[dict[str, object]]] = {task.id: [] for task in (*suites.TRAIN, *suites.SEALED)}
    for name, entry in known.items():
        for task, found in records.items():
            value = {"value": entry["scores"][task], "by": f"tuned {name}", "date": entry["date"]}
            found.append({**value, "source": entry["source"], "exact": False})
    lines = ",\n".join(f"  {json.dumps(task)}: {json.dumps(found)}" for task, found in records.items())
    STORE.with_name("records.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def table() -> None:
    """Print what the tuned rules reach on all tasks."""
    for suite in (suites.TRAIN, suites.META10, suites.META100, suites.SEALED):
        print(f"{'':24}" + "".join(f"{name:>12}" for name in RIVALS))
        rows = [[rival.score(task) for rival in RIVALS.values()] for task in suite]
        for task, row in zip(suite, rows, strict=True):
            print(f"{task.id:24}" + "".join(f"{score:12.4f}" for score in row))
        print(f"{'mean':24}" + "".join(f"{score:12.4f}" for score in np.mean(rows, axis=0)))


def references() -> None:
    """Print what AdamW without bias correction reaches at its best learning rate."""
    adamw = compiled(RIVALS["AdamW"].program(RIVALS["AdamW"].usual))
    for task in suites.TASKS.values():
        print(f"{task.id:24} {min(descent.final for descent in descend(adamw, task, _RATES)):.4g}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", choices=_METHODS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0, help="of CPU")
    parser.add_argument("--store", action="store_true")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--references", action="store_true")
    given = parser.parse_args()
    if given.references:
        references()
    known = json.loads(STORE.read_text(encoding="utf-8")) if STORE.exists() else {}
    if given.method:
        rival = _METHODS[given.method]
        found = tune(rival, given.seed, given.seconds)
        print("  ".join(f"{name} {value:.6g}" for name, value in found.items()))
        if given.store:
            known[rival.name] = {
                "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
                "source": f"baseline.py --method {given.method} --seconds {given.seconds:g} --seed {given.seed}",
                "constants": {name: float(f"{value:.6g}") for name, value in found.items()},
            }
        program = rival.program(found)
        for suite in (suites.SEALED, suites.TRAIN):
            mean = float(np.mean([score_on(program, task) for task in suite]))
            print(f"{suite[0].id.partition('-')[0]} {mean:.6f}", flush=True)
    if given.store:
        store(known)
    if given.table:
        table()


if __name__ == "__main__":
    main()
