"""From a proposed trial to a judged one: class key, then the ladder of stages.

A trial whose class is known takes over the known outcomes. One whose class is being judged right now waits for that
judgement. Only a trial of a new class is evaluated.
"""

from __future__ import annotations

import asyncio
import fnmatch
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from evolve.evaluation import Cost, Limits, Outcome, Status, Verdict
from evolve.fingerprint import behaviour_key, source_key, text_key
from evolve.instance import Instance
from evolve.interfaces import Curriculum, Executor, Job, JobResult
from evolve.program import Program
from evolve.state import RunState
from evolve.streams import stream
from evolve.trial import Scored, Trial, TrialStatus
from evolve.turnstile import Turnstile

__all__ = ["Judged", "Ladder", "Stage"]


_LADDER_PLACES = 100_000
"""Outcomes of a trial are numbered: those of its ladder from 0, those of a later step from this times (step + 1)."""

_NOMINAL_S = 0.01
"""CPU seconds that one counted unit stands for in a run of fixed order."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One rung of the ladder.

    Args:
        name: of the stage.
        instances: glob patterns of the instance ids it judges on.
        limits: of one evaluation.
        min_fitness: a trial below it goes no further; None lets every valid trial pass.
    """

    name: str
    instances: tuple[str, ...]
    limits: Limits
    min_fitness: float | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A finished trial, with every key its class is known by."""

    trial: Trial
    keys: tuple[str, ...]


@dataclass
class Ladder:
    """Judges trials through an executor, each class once.

    Args:
        state: of the run.
        executor: where evaluations run.
        stages: the ladder, cheapest first.
        called: names of the functions that the evaluator calls, separated by commas.
        sign: 1 when a higher score is better, -1 when a lower one is.
        levels: which class keys to use, of "text", "source", "behaviour".
        fingerprint: asks plugins for a class key.
        curriculum: picks a stage's instances, or None to use them all.
        seed: of the run.
        ordered: decide who leads a class in the order of trial numbers.
    """

    state: RunState
    executor: Executor
    stages: Sequence[Stage]
    called: str
    sign: float
    levels: frozenset[str]
    fingerprint: Callable[[Program], str | None]
    curriculum: Curriculum | None
    seed: int
    ordered: bool
    _leaders: dict[str, tuple[int, asyncio.Future[Trial]]] = field(default_factory=dict, init=False, repr=False)
    _turns: Turnstile = field(init=False, repr=False)
    _running: int = field(default=0, init=False, repr=False)
    _measuring: set[tuple[int, str, str]] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        self._turns = Turnstile(self.ordered)

    def announce(self, number: int) -> None:
        """Say that a trial will be judged; call it in the order of numbers."""
        self._turns.issue(number)

    async def judge(self, trial: Trial, stage_names: tuple[str, ...] | None) -> Judged:
        """Return the trial with its outcomes.

        Args:
            trial: as it was proposed.
            stage_names: the stages to climb, or None for all.
        """
        keys, probe_cost = await self._keys(trial)
        await self._turns.wait(trial.number)
        known = self._known(keys)
        leader: asyncio.Future[Trial] = asyncio.get_running_loop().create_future()
        if known is None:
            self._leaders.update(dict.fromkeys(keys, (trial.number, leader)))
        self._turns.passed(trial.number)
        if known is not None:
            who, place = known  # keys of the later levels may or may not have been asked for: leave them out
            return Judged(await self._reuse(trial, who), keys[: place + 1])
        try:
            started = replace(trial, class_key=keys[-1], cpu_s=probe_cost.cpu_s)
            done = await self._climb(started, stage_names)
            leader.set_result(done)
        finally:
            leader.cancel()
        return Judged(done, keys)

    def settle(self, judged: Judged) -> None:
        """Forget the waiting place of a class: the record knows it from now on."""
        for key in judged.keys:
            if self._leaders.get(key, (None,))[0] == judged.trial.number:
                del self._leaders[key]

    async def measure(self, step: int, trial: Trial, instances: Iterable[str], stage: str) -> list[Scored]:
        """Judge a known trial on further instances, one by one, and return the new outcomes.

        An instance that was judged, or that another action is judging right now, is left out.
        """
        limits = next((s.limits for s in self.stages if s.name == stage), self.stages[-1].limits)
        known = {(s.stage, s.instance) for s in trial.outcomes}
        wanted = [n for n in instances if (stage, n) not in known and (trial.number, stage, n) not in self._measuring]
        self._measuring.update((trial.number, stage, name) for name in wanted)
        recorded = {(s.stage, s.instance): s for s in self.state.ledger.outcomes(trial.number)}
        fresh: list[Scored] = []
        for place, name in enumerate(wanted, _LADDER_PLACES * (step + 1)):
            scored = recorded.get((stage, name))  # judged before a crash, and not yet known to the plugins
            if scored is None:
                scored = await self._evaluate(trial, place, self.state.instance(name), stage, limits)
            fresh.append(scored)
        return fresh

    def settle_measured(self, number: int, scored: Scored) -> None:
        """Forget that an instance is being judged: the trial has the outcome from now on."""
        self._measuring.discard((number, scored.stage, scored.instance))

    async def verify(self, trial: Trial) -> Verdict:
        """Check a trial's solutions exactly, on every instance of the last stage it reached."""
        solutions = self.state.solutions(trial.number)
        verdicts: list[Verdict] = []
        for scored in trial.reached:
            instance = self.state.instance(scored.instance)
            result = await self._run(Job("verify", instance=instance, payload=solutions.get(instance.id)))
            verdicts.append(result.value if not result.error else Verdict.refused(f"check failed: {result.error}"))
        values = [verdict.value for verdict in verdicts if verdict.confirmed and verdict.value is not None]
        if len(values) < len(verdicts):
            return next(verdict for verdict in verdicts if not verdict.confirmed)
        return Verdict.ok(fmean(values), verdicts[0].detail)

    def rescored(self, trial: Trial, outcomes: tuple[Scored, ...]) -> Trial:
        """Return a trial with further outcomes, and with the score that follows from them all."""
        score, fitness = self.score(outcomes)
        status = TrialStatus.OK if score is not None else TrialStatus.FAILED
        return replace(trial, outcomes=outcomes, status=status, score=score, fitness=fitness)

    def score(self, outcomes: Sequence[Scored]) -> tuple[float | None, float | None]:
        """Return (score, fitness) of a trial: the mean over the last stage, or (None, None) when any outcome failed."""
        last = [s.outcome for s in outcomes if s.stage == outcomes[-1].stage]
        scores = [outcome.score for outcome in last if outcome.score is not None]
        if not last or len(scores) < len(last):
            return None, None
        return fmean(scores), self.sign * fmean(scores)

    # --- class keys ---------------------------------------------------------------------------------------------

    async def _keys(self, trial: Trial) -> tuple[tuple[str, ...], Cost]:
        keys: list[str] = []
        own = self.fingerprint(trial.program)
        if own is not None:
            keys.append(f"p:{own}")
        if "text" in self.levels:
            keys.append(text_key(trial.program))
        if "source" in self.levels:
            keys.append(source_key(trial.program, self.called))
        if "behaviour" not in self.levels or self._known(keys) is not None:
            return tuple(keys or [f"n:{trial.number}"]), Cost()
        result = await self._run(Job("probe", trial.program.files, trial.program.main, limits=self.stages[0].limits))
        if not result.error:
            keys.append(behaviour_key(result.value))
        return tuple(keys or [f"n:{trial.number}"]), result.cost

    def _known(self, keys: Sequence[str]) -> tuple[asyncio.Future[Trial] | int, int] | None:
        """Return who leads the class of the first known key, and that key's place."""
        for place, key in enumerate(keys):
            if key in self._leaders:
                return self._leaders[key][1], place
            number = self.state.ledger.class_of((key,))
            if number is not None:
                return number, place
        return None

    async def _reuse(self, trial: Trial, known: asyncio.Future[Trial] | int) -> Trial:
        leader = self.state.trial(known) if isinstance(known, int) else await asyncio.shield(known)
        return replace(
            trial,
            class_key=leader.class_key,
            status=TrialStatus.REUSED,
            outcomes=tuple(replace(s, reused_from=leader.number) for s in leader.outcomes),
            score=leader.score,
            fitness=leader.fitness,
        )

    # --- the ladder ---------------------------------------------------------------------------------------------

    async def _climb(self, trial: Trial, stage_names: tuple[str, ...] | None) -> Trial:
        stages = [s for s in self.stages if stage_names is None or s.name in stage_names]
        done = {(s.stage, s.instance): s for s in self.state.ledger.outcomes(trial.number)}
        outcomes: list[Scored] = []
        for stage in stages:
            for instance in self._instances(stage, trial):
                scored = done.get((stage.name, instance.id))
                if scored is None:
                    scored = await self._evaluate(trial, len(outcomes), instance, stage.name, stage.limits)
                outcomes.append(scored)
                if not scored.outcome.valid:
                    return self._finished(trial, outcomes, TrialStatus.FAILED)
            _, fitness = self.score(outcomes)
            if stage.min_fitness is not None and (fitness is None or fitness < stage.min_fitness):
                return self._finished(trial, outcomes, TrialStatus.FAILED)
        return self._finished(trial, outcomes, TrialStatus.OK if stages else TrialStatus.ENTERED)

    def _instances(self, stage: Stage, trial: Trial) -> Sequence[Instance]:
        allowed = [
            instance
            for instance in self.state.instances.values()
            if instance.split == "train" and any(fnmatch.fnmatchcase(instance.id, p) for p in stage.instances)
        ]
        if self.curriculum is None:
            return allowed
        return self.curriculum.sample(allowed, stream(self.seed, trial.number, f"curriculum/{stage.name}"))

    def _finished(self, trial: Trial, outcomes: list[Scored], status: TrialStatus) -> Trial:
        score, fitness = self.score(outcomes) if outcomes and status is TrialStatus.OK else (None, None)
        costs = [s.outcome.cost for s in outcomes]
        if self.ordered:  # measured seconds would let the machine's speed into the decisions
            cpu = sum(_NOMINAL_S * (1.0 + cost.fuel) for cost in costs)
        else:
            cpu = trial.cpu_s + sum(cost.cpu_s for cost in costs)
        return replace(trial, status=status, outcomes=tuple(outcomes), score=score, fitness=fitness, cpu_s=cpu)

    async def _evaluate(self, trial: Trial, place: int, instance: Instance, stage: str, limits: Limits) -> Scored:
        """Run one evaluation and write its outcome before anybody sees it."""
        await self._admit()
        try:
            result = await self._run(Job("evaluate", trial.program.files, trial.program.main, instance, limits))
        finally:
            self._running -= 1
        outcome = result.outcome
        if outcome is None:
            outcome = Outcome.failed(Status.INVALID, f"the evaluator could not judge the answer: {result.error}")
        self.state.ledger.add_outcome(trial.number, place, instance.id, stage, outcome)
        self.state.meter.charge(evaluations=1)
        self.state.ledger.flush()
        return Scored(instance.id, stage, replace(outcome, solution=None))

    async def _admit(self) -> None:
        """Wait for ever when those that run already take what is left of the evaluations: the run ends with them."""
        left = self.state.meter.remaining.get("evaluations")
        if left is not None and self._running >= left:
            await asyncio.Event().wait()
        self._running += 1

    async def _run(self, job: Job) -> JobResult:
        result = await self.executor.run(job)
        self.state.meter.charge(cpu_seconds=result.cost.cpu_s + result.worker_cpu_s)
        return result
