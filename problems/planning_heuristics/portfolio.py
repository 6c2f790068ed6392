"""A portfolio of heuristics out of the finals of a run: several that complement each other, instead of one winner.

    python problems/planning_heuristics/portfolio.py RUN --size 3

The members are chosen by what the finalists did on the validation tasks, greedily: first who adds most solved tasks,
then who saves most expansions. All of them then run on the test tasks, one after the other, each with an equal share of
the expansions that the single winner has. The test tasks are used up by looking at them.

Reference: L. Xu, H. Hoos, K. Leyton-Brown, Hydra: automatically configuring algorithms for portfolio-based selection,
    AAAI 2010 (greedy choice by marginal contribution).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evolve.errors import EvolveError
from evolve.evaluation import Limits
from evolve.interfaces import Job, Setup
from evolve.judge import Judge
from evolve.program import Program
from evolve.record import reading
from evolve.views import finals

__all__ = ["Finalist", "choose", "cost"]

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Finalist:
    """A heuristic that reached the finals.

    Args:
        trial: its number.
        program: its files.
        solved: expansions for each validation task that it solved.
    """

    trial: int
    program: Program
    solved: Mapping[str, int]


def choose(finalists: Sequence[Finalist], size: int) -> list[Finalist]:
    """Return at most so many finalists that complement each other; fewer when another one would add nothing.

    Args:
        finalists: the best first.
        size: most members.
    """
    chosen: list[Finalist] = []
    while len(chosen) < size:
        best = max(finalists, key=lambda one: _worth([*chosen, one]), default=None)
        if best is None or (chosen and _worth([*chosen, best]) <= _worth(chosen)):
            break
        chosen.append(best)
    return chosen


def _worth(members: Sequence[Finalist]) -> tuple[int, float]:
    """Return how many tasks some member solves, and minus the sum of the logarithms of the best expansions."""
    tasks = {task for member in members for task in member.solved}
    fewest = (min(member.solved[task] for member in members if task in member.solved) for task in tasks)
    return len(tasks), -sum(math.log1p(count) for count in fewest)


def cost(expansions: Sequence[int | None], most: int) -> int | None:
    """Return what a task costs when heuristics are tried one after the other, each with an equal share.

    Args:
        expansions: that each of them needs; None where it does not solve the task within all of them.
        most: expansions to share.

    Returns:
        None when no heuristic solves the task within its share.
    """
    share, spent = most // max(1, len(expansions)), 0
    for needed in expansions:
        if needed is not None and needed <= share:
            return spent + needed
        spent += share
    return None


def read_run(run: Path) -> tuple[dict[str, object], list[Finalist]]:
    """Return the parameters of a run, and its finalists, the winner first."""
    with reading(run) as record:
        config = record.meta("config")
        rounds = dict(finals(record))
        found = []
        for number, _ in rounds.get("validation", []):
            solutions = record.solutions(number)
            runs = {name: found[0] for name, found in solutions.items() if name.startswith("validation-") and found}
            solved = {name: int(one["expansions"]) for name, one in runs.items() if one["solved"]}
            files = record.trial(number).program.files  # read now: the record is about to be closed
            found.append(Finalist(number, Program(files), solved))
    return config["params"], found


def test_expansions(params: Mapping[str, object], members: Sequence[Finalist]) -> dict[str, list[int | None]]:
    """Return what each member needs for each test task, None where it does not solve it."""
    entry = "heuristic(state: State) -> float"
    evaluator = "evolve_plugins.evaluators.python:PythonEvaluator"
    setup = Setup(str(FOLDER), evaluator, entry=entry, params=params, inline=True)
    found: dict[str, list[int | None]] = {}
    with Judge(setup) as judge:
        tests = [instance for instance in judge.description.instances if instance.split == "test"]
        for instance in tests:
            for one in members:
                job = Job("evaluate", one.program.files, one.program.main, instance, Limits(wall_s=60.0))
                outcome = judge.run(job).outcome
                run = outcome.solution[0] if outcome is not None and outcome.valid else {"solved": False}
                found.setdefault(instance.id, []).append(int(run["expansions"]) if run["solved"] else None)
    return found


def main() -> None:
    """Choose a portfolio from a run, and compare it with the run's winner."""
    parser = argparse.ArgumentParser(description="A portfolio out of the finals of a run.")
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("--size", type=int, default=3, help="most members")
    given = parser.parse_args()
    try:
        params, finalists = read_run(given.run)
    except EvolveError as error:
        parser.error(str(error))
    if not finalists:
        raise SystemExit(f"{given.run} holds no finals; let it end")
    members = choose(finalists, given.size)
    most = int(json.loads(json.dumps(params.get("expansions", 4000))))
    needed = test_expansions(params, [finalists[0], *members])
    lines = [f"members: trials {', '.join(str(one.trial) for one in members)}; winner: trial {finalists[0].trial}"]
    lines.append(f"{'task':>16}  {'winner':>8}  {'portfolio':>9}  members alone")
    together = {task: cost(found[1:], most) for task, found in needed.items()}
    for task, found in needed.items():
        alone = " ".join("-" if count is None else str(count) for count in found[1:])
        lines.append(f"{task:>16}  {found[0] or '-':>8}  {together[task] or '-':>9}  {alone}")
    solved = sum(found[0] is not None for found in needed.values()), sum(one is not None for one in together.values())
    lines.append(f"{'solved':>16}  {solved[0]:>8}  {solved[1]:>9}  of {len(needed)}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
