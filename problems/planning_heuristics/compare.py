"""What the winners of runs need on the sealed test tasks, beside goal count and h_FF.

    python problems/planning_heuristics/compare.py RUN [RUN ...]

A task is won by who solves it, and if both do, by who expands fewer states. The ratio is the median over the tasks that
both solve: below 1 the found heuristic expands fewer. Searches that were cut off enter no mean.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from evolve_problems.planning_heuristics.report import baselines

from evolve.errors import EvolveError
from evolve.record import reading
from evolve.views import finals

__all__ = ["against"]

KNOWN = {"goal count": "goal_count", "h_FF": "h_ff"}
Expansions = Mapping[str, int | None]
"""By task; None where no plan was found."""


def against(found: Expansions, other: Expansions) -> tuple[int, int, float | None]:
    """Return how many tasks were won and lost against another heuristic, and the median ratio of expansions.

    Args:
        found: what the heuristic needs.
        other: what the other one needs for the same tasks.
    """
    pairs = [(one, other.get(task)) for task, one in found.items()]
    won = sum(a is not None and (b is None or a < b) for a, b in pairs)
    lost = sum(b is not None and (a is None or b < a) for a, b in pairs)
    ratios = [a / b for a, b in pairs if a is not None and b is not None]
    return won, lost, median(ratios) if ratios else None


def read_tests(run: Path) -> tuple[str, int, Expansions]:
    """Return domain and seed of a run, and the expansions of its winner on the test tasks."""
    with reading(run) as record:
        config = record.meta("config")
        stage = dict(finals(record)).get("test")
        if not stage:
            raise SystemExit(f"{run} holds no test of a winner; let it end")
        solutions = record.solutions(stage[0][0])
    searches = [one for name, (one, *_) in solutions.items() if name.startswith("test-")]
    needed = {one["task"]: int(one["expansions"]) if one["solved"] else None for one in searches}
    return config["params"]["domain"], config["run"]["seed"], needed


def main() -> None:
    """Print a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    given = parser.parse_args()
    heads = "".join(f"  {name + ': solved':>18}  won-lost  ratio" for name in KNOWN)
    print(f"{'domain':>12}  seed  solved{heads}")
    for run in given.runs:
        try:
            domain, seed, found = read_tests(run)
        except EvolveError as error:
            parser.error(str(error))
        cells = [f"{domain:>12}  {seed:4}  {_solved(found)}"]
        for name in KNOWN.values():
            rows = baselines(domain)
            other = {task: rows[task][name][0] if name in rows.get(task, {}) else None for task in found}
            won, lost, ratio = against(found, other)
            shown = "-" if ratio is None else f"{ratio:.2f}"
            cells.append(f"{_solved(other):>18}  {f'{won}-{lost}':>8}  {shown:>5}")
        print("  ".join(cells), flush=True)


def _solved(needed: Expansions) -> str:
    return f"{sum(one is not None for one in needed.values())} of {len(needed)}"


if __name__ == "__main__":
    main()
