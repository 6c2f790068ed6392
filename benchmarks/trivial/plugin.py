"""An executor without processes and a mutator without ideas; both note how much CPU they used themselves."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from evolve import Context, Executor, Instance, Mutator, Outcome, Proposal, Trial, hookimpl
from evolve.interfaces import Description, Job, JobResult, Setup

_SCALE = re.compile(r"scale = \d+")


@dataclass
class InProcess(Executor):
    """Answers at once with a score that looks random but is not.

    Args:
        workers: how many jobs it says it can run at once.
    """

    workers: int = 2

    async def start(self, setup: Setup) -> Description:
        """Offer one instance."""
        return Description((Instance("only"),))

    async def run(self, job: Job) -> JobResult:
        """Score a program by a hash of its constant."""
        begin = time.thread_time()
        found = _SCALE.search(job.files[job.main])
        number = int(found[0].rpartition(" ")[2]) if found else 0
        score = (number * 2654435761 % 2**32) / 2**32
        outcome = Outcome.ok(score, measures={"score": score}, solution=[score] * 8)
        return JobResult(outcome, worker_cpu_s=time.thread_time() - begin)

    @property
    def capacity(self) -> int:
        """As many as it was told."""
        return self.workers

    async def close(self) -> None:
        """There is nothing to close."""


@dataclass
class Renumber(Mutator):
    """Writes a new constant into the first parent."""

    purposes = frozenset({"improve", "restart"})

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        """Return one child that no other trial equals, most likely."""
        parent = parents[0] if parents else context.best
        assert parent is not None
        number = int(context.rng.integers(2**40))
        child = parent.program.child({"program.py": _SCALE.sub(f"scale = {number}", parent.program.text)})
        return [Proposal(child, "renumber", (parent.number,))]


@hookimpl
def evolve_executors() -> dict[str, type[Executor]]:
    """Name the executor."""
    return {"in_process": InProcess}


@hookimpl
def evolve_mutators() -> dict[str, type[Mutator]]:
    """Name the mutator."""
    return {"renumber": Renumber}
