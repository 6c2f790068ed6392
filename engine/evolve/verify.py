"""Check again what a run found: its solution exactly, and its program from the start."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evolve import views
from evolve.codec import instance_from_plain
from evolve.errors import LedgerError
from evolve.evaluation import Verdict
from evolve.instance import Instance
from evolve.interfaces import Description, Executor, Job
from evolve.ladder import Stage
from evolve.loop import Loop
from evolve.record import reading
from evolve.registry import Registry
from evolve.run import executor_of, reload_problem
from evolve.trial import Trial
from evolve.wiring import build_loop, setup_of

__all__ = ["Check", "Verification", "verify_run"]

_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked.

    Args:
        what: "solution" (the recorded one) or "program" (run again).
        instance: id of the instance.
        exact: the problem's exact check was asked.
        passed: nothing was found wrong.
        value: what it is worth, or None.
        detail: one line.
    """

    what: str
    instance: str
    exact: bool
    passed: bool
    value: float | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of checking a run's best trial again.

    Args:
        run: the run folder.
        trial: number of the best trial.
        claimed: its recorded score.
        checks: what was checked.
    """

    run: str
    trial: int
    claimed: float
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """True when nothing was found wrong."""
        return all(check.passed for check in self.checks)

    @property
    def confirmed(self) -> bool:
        """True when everything passed and the exact check was asked."""
        return self.passed and all(check.exact for check in self.checks)


async def verify_run(folder: Path, registry: Registry | None = None) -> Verification:
    """Check the best trial of a run again: its recorded solution, and what its program answers now.

    Args:
        folder: the run folder.
        registry: the plugins to use; all installed ones when None.

    Raises:
        LedgerError: there is no readable record, or no valid trial in it.
    """
    registry = registry or Registry()
    with reading(folder) as record:
        number = views.best(record)
        if number is None:
            raise LedgerError(f"{folder} has no valid program to verify")
        problem = reload_problem(record, registry)
        executor = executor_of(problem.config, registry)
        try:
            description = await executor.start(setup_of(problem, registry))
            loop = build_loop(problem, registry, description, record, executor, lambda event: None)
            trial = views.trial(record, number)
            assert trial.score is not None
            checks = await _Verifier(executor, description, loop).check(trial)
            return Verification(str(folder), number, trial.score, checks)
        finally:
            await executor.close()


@dataclass
class _Verifier:
    executor: Executor
    description: Description
    loop: Loop

    async def check(self, trial: Trial) -> tuple[Check, ...]:
        solutions = self.loop.state.solutions(trial.number)
        made = [instance_from_plain(row.body) for row in self.loop.state.ledger.events("kind = 'instance'")]
        instances = {instance.id: instance for instance in (*self.description.instances, *made)}
        last = trial.outcomes[-1].stage
        stage = next((s for s in self.loop.ladder.stages if s.name == last), self.loop.ladder.stages[-1])
        checks: list[Check] = []
        for scored in trial.reached:
            instance = instances[scored.instance]
            if self.description.verify:
                checks.append(await self._exactly("solution", instance, solutions.get(instance.id)))
            checks.append(await self._again(trial, instance, stage, scored.outcome.score))
        return tuple(checks)

    async def _exactly(self, what: str, instance: Instance, solution: Any) -> Check:
        result = await self.executor.run(Job("verify", instance=instance, payload=solution))
        if result.error:
            return Check(what, instance.id, True, False, None, f"the check failed: {result.error}")
        verdict: Verdict = result.value
        return Check(what, instance.id, True, verdict.confirmed, verdict.value, verdict.detail)

    async def _again(self, trial: Trial, instance: Instance, stage: Stage, claimed: float | None) -> Check:
        job = Job("evaluate", dict(trial.program.files), trial.program.main, instance, stage.limits)
        result = await self.executor.run(job)
        if result.outcome is None or result.outcome.score is None or claimed is None:
            why = result.error or (result.outcome.feedback if result.outcome is not None else "")
            return Check("program", instance.id, False, False, None, f"did not run: {why.strip()}")
        score = result.outcome.score
        if not math.isclose(score, claimed, rel_tol=_SAME, abs_tol=_SAME):
            return Check("program", instance.id, False, False, score, f"the record claims {claimed!r}")
        if not self.description.verify:
            return Check("program", instance.id, False, True, score, "same score again")
        return await self._exactly("program", instance, result.outcome.solution)
