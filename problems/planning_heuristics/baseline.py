"""What known heuristics need for the tasks of a domain: writes `baselines.json`, and prints a table.

    python problems/planning_heuristics/baseline.py                      # all domains; minutes
    python problems/planning_heuristics/baseline.py --domain gripper

The counts are the same on every machine. Seconds, which are not, are printed and not kept.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from evolve_problems._shared.planning import DOMAINS, HFF, GoalCount, HAdd, LandmarkCount, Task, search, splits
from evolve_problems.planning_heuristics.tasks import known_task, label, training_ladder, validation_tasks

FILE = Path(__file__).parent / "baselines.json"
MOST = 4000
HEURISTICS: dict[str, Callable[[Task], Callable[[list[int]], Sequence[float]]]] = {
    "goal_count": GoalCount,
    "h_add": HAdd,
    "h_ff": HFF,
    "landmarks": LandmarkCount,
}


def measure(domain: str) -> dict[str, dict[str, list[int]]]:
    """Return expansions and plan length for each task and heuristic that finds a plan, and print them.

    Args:
        domain: of the tasks.
    """
    found: dict[str, dict[str, list[int]]] = {}
    for size, seed in dict.fromkeys([*training_ladder(domain), *validation_tasks(domain), *splits(domain)["test"]]):
        task, row, cells = known_task(domain, size, seed).task, {}, []
        for name, make in HEURISTICS.items():
            begun = time.process_time()
            result = search(task, make(task), MOST)
            if result.status == "solved":
                row[name] = [result.expansions, result.plan_length]
            shown = result.expansions if result.status == "solved" else "-"
            cells.append(f"{name} {shown:>6} ({time.process_time() - begun:5.1f} s)")
        found[label(size, seed)] = row
        print(f"{domain:>12} {label(size, seed):>7}  {'  '.join(cells)}", flush=True)
    return found


def main() -> None:
    """Measure domains and keep what was measured."""
    parser = argparse.ArgumentParser(description="Known planning heuristics on the tasks of this problem.")
    parser.add_argument("--domain", choices=DOMAINS, action="append", help="may be given several times; all by default")
    given = parser.parse_args()
    kept: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {"domains": {}}
    for domain in given.domain or DOMAINS:
        kept["domains"][domain] = measure(domain)
        kept["most_expansions"] = MOST
        lines = json.dumps(kept, indent=1).replace("[\n     ", "[").replace(",\n     ", ", ").replace("\n    ]", "]")
        FILE.write_text(f"{lines}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
