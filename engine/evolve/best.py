"""The `best/` folder of a run: the best program and what it answered, as files for people."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from evolve.errors import LedgerError
from evolve.events import Event
from evolve.state import RunState
from evolve.trial import Trial

__all__ = ["BestKeeper", "program_path", "write_whole"]


def program_path(folder: Path, trial: Trial) -> Path:
    """Return where the main file of a run's best program lies."""
    return folder / "best" / trial.program.main


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of it.

    Raises:
        LedgerError: the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.part")
        partial.write_bytes(data)
        os.replace(partial, path)
    except OSError as error:
        raise LedgerError(f"cannot write {path}: {error.strerror}") from error


@dataclass
class BestKeeper:
    """An observer that keeps `best/` up to date.

    Args:
        folder: the run folder.
        state: of the run.
    """

    folder: Path
    state: RunState
    _shown: int = field(default=-1, init=False, repr=False)

    def __call__(self, event: Event) -> None:
        """Write the best program and its solution when there is a new best."""
        best = self.state.best
        if best is None or best.number == self._shown:
            return
        self._shown = best.number
        for name, text in best.program:
            write_whole(self.folder / "best" / name, text.encode())
        found = self.state.solutions(best.number)
        reached = [scored.instance for scored in best.reached]
        kept = {instance: found[instance] for instance in reached if instance in found}
        solution = next(iter(kept.values())) if len(reached) == 1 and kept else kept
        write_whole(self.folder / "best" / "solution.json", json.dumps(solution).encode())
