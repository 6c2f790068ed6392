"""Presenting: what a problem's own code draws and says of the winner, beside it in the run's `best/` folder."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evolve.best import write_whole
from evolve.interfaces import Description, Executor, Job
from evolve.state import RunState
from evolve.trial import Trial

__all__ = ["EXPLANATION", "PICTURES", "present"]

EXPLANATION = "explanation.txt"
PICTURES = ("picture", "overview")
"""What files with drawings are called, before their endings."""

_log = logging.getLogger(__name__)


async def present(folder: Path, state: RunState, description: Description, executor: Executor) -> None:
    """Write the pictures and the explanation that a problem offers; a problem that fails there is logged.

    Args:
        folder: the run folder.
        state: where the run ended.
        description: what the problem offers.
        executor: runs the problem's code.
    """
    best = state.best
    if best is None or not best.outcomes:
        return
    jobs: list[tuple[str, Job]] = []
    if description.draw:
        instance = state.instance(best.outcomes[-1].instance)
        solution = state.solutions(best.number).get(instance.id)
        jobs.append((PICTURES[0], Job("draw", instance=instance, payload=solution)))
    if description.overview:
        jobs.append((PICTURES[1], Job("overview", payload=_results(state, best))))
    if description.explain:
        jobs.append((EXPLANATION, Job("explain", best.program.files, best.program.main)))
    for name, job in jobs:
        result = await executor.run(job)
        if result.error:
            _log.warning("no %s: %s", Path(name).stem, result.error)
        elif job.kind == "explain":
            write_whole(folder / "best" / name, f"{result.value.strip()}\n".encode())
        else:
            for ending, data in (result.value or {}).items():
                write_whole(folder / "best" / f"{name}.{ending}", data)


def _results(state: RunState, best: Trial) -> list[Mapping[str, Any]]:
    """Return what the winner did on each instance, those of the finals included."""
    solutions = state.solutions(best.number)
    return [
        {
            "instance": state.instance(scored.instance),
            "stage": scored.stage,
            "score": scored.outcome.score,
            "metrics": dict(scored.outcome.metrics),
            "measures": dict(scored.outcome.measures),
            "solution": solutions.get(scored.instance),
        }
        for scored in state.ledger.outcomes(best.leader)
        if scored.outcome.valid
    ]
