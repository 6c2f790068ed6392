"""From a proposed trial to a judged one: class key, then the ladder of stages.

A trial of a new class is evaluated. One whose class is known, or is being judged right now, takes over what comes of
that, unless the policy of the class book or an audit has it evaluated as well.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from evolve.audit import Auditor
from evolve.cache import Asked, Known, OutcomeCache
from evolve.classes import ClassBook, Standing
from evolve.evaluation import Cost, Limits, Outcome, Status, Verdict
from evolve.events import Audited
from evolve.instance import Instance
from evolve.interfaces import Curriculum, Executor, Job, JobResult
from evolve.keys import ClassKeys
from evolve.ledger import TOGETHER_S
from evolve.record import LADDER_PLACES, averaged
from evolve.reuse import KNOWN, ReusePolicy, Use
from evolve.state import RunState
from evolve.syllabus import Stage, Syllabus
from evolve.tables import ClassKeysTable
from evolve.trial import Proposal, Scored, Trial, TrialStatus
from evolve.turnstile import Turnstile

__all__ = ["Judged", "Ladder", "Stage"]


_NOMINAL_S = 0.01
"""CPU seconds that one counted unit stands for in a run of fixed order."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A finished trial.

    Args:
        trial: with its outcomes.
        keys: those that lead to it, or to the trial that it takes over.
        audit: how it compares with what it would have taken over, where that was asked.
        refusal: why it is turned away after all, or "".
    """

    trial: Trial
    keys: tuple[str, ...]
    audit: Audited | None = None
    refusal: str = ""

    def refused(self) -> Proposal:
        """Return it as a proposal that was turned away; `notes["entered"]` is the number it had entered under.

        What became of the author's answers stands with the proposed trial, and is not told twice.
        """
        notes = {name: note for name, note in self.trial.notes.items() if name != "refusals"}
        notes["entered"] = self.trial.number
        return Proposal(None, self.trial.operator, self.trial.parents, self.trial.model, notes, self.refusal)


@dataclass
class Ladder:
    """Judges trials through an executor, each class once.

    Args:
        state: of the run.
        executor: where evaluations run.
        stages: the ladder, cheapest first.
        keys: makes class keys.
        sign: 1 when a higher score is better, -1 when a lower one is.
        curriculum: picks a stage's instances, or None to use them all.
        seed: of the run.
        ordered: decide who leads a class in the order of trial numbers.
        settings: of the class keys.
        cache: outcomes of other runs, or None.
    """

    state: RunState
    executor: Executor
    stages: Sequence[Stage]
    keys: ClassKeys
    sign: float
    curriculum: Curriculum | None
    seed: int
    ordered: bool
    settings: ClassKeysTable = field(default_factory=ClassKeysTable)
    cache: OutcomeCache | None = field(default=None, init=False, repr=False)
    _auditor: Auditor = field(init=False, repr=False)
    _book: ClassBook = field(init=False, repr=False)
    _checked: dict[int, list[tuple[Outcome, Known]]] = field(default_factory=dict, init=False, repr=False)
    _syllabus: Syllabus = field(init=False, repr=False)
    _turns: Turnstile = field(init=False, repr=False)
    _running: int = field(default=0, init=False, repr=False)
    _measuring: set[tuple[int, str, str]] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        self._turns = Turnstile(self.ordered)
        self._syllabus = Syllabus(self.state, self.curriculum, self.seed, self.ordered)
        self._auditor = Auditor(self.state, self.settings.audit_tolerance)
        policy = ReusePolicy(self.state, self.settings, self.seed)
        self._book = ClassBook(self.state, policy, self._auditor, self.ordered)

    def announce(self, number: int) -> None:
        """Say that a trial will be judged; call it in the order of numbers."""
        self._turns.issue(number)
        self._syllabus.announce(number)

    async def judge(self, trial: Trial, stage_names: tuple[str, ...] | None) -> Judged:
        """Return the trial with its outcomes.

        Args:
            trial: as it was proposed.
            stage_names: the stages to climb, or None for all.
        """
        keys, probe_cost = await self._keys(trial)
        await self._turns.wait(trial.number)
        standing = await self._book.place(trial, keys, judged=stage_names != (), shared=self.cache is not None)
        self._turns.passed(trial.number)
        if standing.use is Use.REFUSE:
            return Judged(trial, (), refusal=KNOWN)
        if standing.use is Use.REUSE:
            return Judged(await self._reuse(trial, standing), standing.keys)
        try:
            started = replace(trial, class_key=standing.name, cpu_s=probe_cost.cpu_s)
            done, audit = await self._climb(started, stage_names, standing), None
            if standing.use is Use.AGAIN:
                earlier = [(await self._book.trial(number)).number for number in standing.members]
                done = self._averaged(done, (*earlier, done.number))
            elif standing.use in (Use.AUDIT, Use.CHECK):
                done, standing, audit = await self._audited(done, standing)
            self._book.finish(done)
        finally:
            self._book.abandon(trial.number)
        return Judged(done, standing.keys, audit)

    def settle(self, judged: Judged) -> None:
        """Forget the waiting place of a class: the record knows it from now on."""
        self._book.settle(judged.trial.number, judged.keys)
        self._syllabus.settle(judged.trial.number)

    async def measure(self, step: int, trial: Trial, instances: Iterable[str], stage: str) -> list[Scored]:
        """Judge a known trial on further instances, one by one, and return the new outcomes.

        An instance that was judged, or that another action is judging right now, is left out.
        """
        rung = next((s for s in self.stages if s.name == stage), self.stages[-1])
        instances = list(instances) or [instance.id for instance in self._syllabus.allowed(rung)]
        known = {(s.stage, s.instance) for s in trial.outcomes}
        wanted = [n for n in instances if (stage, n) not in known and (trial.number, stage, n) not in self._measuring]
        self._measuring.update((trial.number, stage, name) for name in wanted)
        recorded = {(s.stage, s.instance): s for s in self.state.ledger.outcomes(trial.number)}
        fresh: list[Scored] = []
        for place, name in enumerate(wanted, LADDER_PLACES * (step + 1)):
            scored = recorded.get((stage, name))  # judged before a crash, and not yet known to the plugins
            instance = self.state.instance(name)
            if scored is None and stage == rung.name:
                scored = self._carried(trial, trial.outcomes, place, instance, rung)
            if scored is None:
                scored = await self._evaluate(trial, place, instance, stage, rung.limits)
            fresh.append(scored)
        return fresh

    async def examine(self, trial: Trial, stage: Stage, place: int) -> list[Scored]:
        """Judge a known trial on all instances of a stage that is no part of the search, of whatever split.

        Args:
            trial: it keeps the outcomes that it has.
            stage: where to judge it.
            place: of the first outcome in the record of the trial.
        """
        recorded = {(s.stage, s.instance): s for s in self.state.ledger.outcomes(trial.number)}
        instances = [i for i in (*self.state.instances.values(), *self.state.held_out.values()) if stage.takes(i)]
        found: list[Scored] = []
        for number, instance in enumerate(instances, place):
            known = recorded.get((stage.name, instance.id))
            found.append(known or await self._evaluate(trial, number, instance, stage.name, stage.limits))
        return found

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
        keys = self.keys.of_text(trial.program, self._book.known)
        if not self.keys.probes or self._book.known(keys):
            return tuple(keys or [f"n:{trial.number}"]), Cost()
        result = await self._run(Job("probe", trial.program.files, trial.program.main, limits=self.stages[0].limits))
        probed = self.keys.of_probe(result)
        return tuple([*keys, *([probed] if probed else [])] or [f"n:{trial.number}"]), result.cost

    async def _reuse(self, trial: Trial, standing: Standing) -> Trial:
        members = [await self._book.trial(number) for number in standing.members]
        leader = next((member for member in reversed(members) if member.valid), members[-1])
        reused = replace(
            trial,
            class_key=leader.class_key,
            status=TrialStatus.REUSED,
            outcomes=tuple(replace(s, reused_from=leader.number) for s in leader.outcomes),
            score=leader.score,
            fitness=leader.fitness,
        )
        return reused if len(members) < 2 else self._averaged(reused, standing.members)

    def _averaged(self, trial: Trial, members: tuple[int, ...]) -> Trial:
        """Return a trial with the mean scores of its class."""
        outcomes = averaged(self.state.ledger, trial.outcomes, members)
        score, fitness = self.score(outcomes) if trial.valid else (None, None)
        return replace(trial, outcomes=outcomes, score=score, fitness=fitness, averaged=members)

    async def _audited(self, trial: Trial, standing: Standing) -> tuple[Trial, Standing, Audited | None]:
        """Compare a trial with what it would have taken over, from this run or from another."""
        pairs, leader = self._checked.pop(trial.number, []), -1
        if standing.use is Use.AUDIT:
            known = await self._reuse(trial, standing)
            measured, leader = {(s.stage, s.instance): s.outcome for s in trial.outcomes}, known.leader
            both = [s for s in known.outcomes if (s.stage, s.instance) in measured]
            pairs = [(measured[s.stage, s.instance], Known(s.outcome, standing.hit)) for s in both]
        audit = self._auditor.compare(trial.number, standing.hit, leader, pairs)
        if not audit.agrees and self.cache is not None:
            self.cache.distrust(audit.key)
        stands = self._book.audited(trial, standing, audit)
        return replace(trial, class_key=stands.name), stands, audit if audit.key else None

    # --- the ladder ---------------------------------------------------------------------------------------------

    async def _climb(self, trial: Trial, stage_names: tuple[str, ...] | None, standing: Standing) -> Trial:
        stages = [s for s in self.stages if stage_names is None or s.name in stage_names]
        done = {(s.stage, s.instance): s for s in self.state.ledger.outcomes(trial.number)}
        outcomes: list[Scored] = []
        for stage in stages:
            first = len(outcomes)
            for instance in self._syllabus.instances(stage, trial, done):
                scored = done.get((stage.name, instance.id))
                if scored is None:
                    if outcomes[first:] and not self._syllabus.go_on(trial, outcomes[first:]):
                        return self._finished(trial, outcomes, TrialStatus.FAILED)
                    scored = self._carried(trial, outcomes, len(outcomes), instance, stage)
                if scored is None:
                    scored = await self._evaluate(trial, len(outcomes), instance, stage.name, stage.limits, standing)
                outcomes.append(scored)
                if not scored.outcome.valid:
                    return self._finished(trial, outcomes, TrialStatus.FAILED)
            _, fitness = self.score(outcomes)
            if stage.min_fitness is not None and (fitness is None or fitness < stage.min_fitness):
                return self._finished(trial, outcomes, TrialStatus.FAILED)
        return self._finished(trial, outcomes, TrialStatus.OK if stages else TrialStatus.ENTERED)

    def _carried(
        self, trial: Trial, outcomes: Sequence[Scored], place: int, instance: Instance, stage: Stage
    ) -> Scored | None:
        """Take the outcome over that a lower stage has of an instance, if it was judged within the same limits."""
        alike = {rung.name for rung in self.stages if rung.limits == stage.limits}
        known = next((s for s in outcomes if s.instance == instance.id and s.stage in alike), None)
        if known is None:
            return None
        solution = self.state.ledger.solutions(trial.leader).get(instance.id)
        outcome = replace(known.outcome, solution=solution, cost=Cost())
        return self._written(trial, place, instance, stage.name, outcome)

    def _finished(self, trial: Trial, outcomes: list[Scored], status: TrialStatus) -> Trial:
        score, fitness = self.score(outcomes) if outcomes and status is TrialStatus.OK else (None, None)
        costs = [s.outcome.cost for s in outcomes]
        if self.ordered:  # measured seconds would let the machine's speed into the decisions
            cpu = sum(_NOMINAL_S * (1.0 + cost.fuel) for cost in costs)
        else:
            cpu = trial.cpu_s + sum(cost.cpu_s for cost in costs)
        return replace(trial, status=status, outcomes=tuple(outcomes), score=score, fitness=fitness, cpu_s=cpu)

    async def _evaluate(
        self, trial: Trial, place: int, instance: Instance, stage: str, limits: Limits, standing: Standing | None = None
    ) -> Scored:
        """Run one evaluation, unless another run has paid for it, and write its outcome before anybody sees it."""
        final = bool(stage) and not any(stage == rung.name for rung in self.stages)  # "": a strategy asked for it
        asked = Asked(standing.keys if standing else (trial.class_key,), instance, stage, limits)
        known = None if self.cache is None else self.cache.find(asked)
        if known is not None and not (standing and standing.use.fresh):
            body = {"instance": instance.id, "stage": stage, "source": known.source}
            self.state.ledger.add_event("cached", trial=trial.number, body=body)
            return self._written(trial, place, instance, stage, known.outcome)
        await self._admit(final)
        begun = time.monotonic()
        try:
            result = await self._run(Job("evaluate", trial.program.files, trial.program.main, instance, limits))
        finally:
            self._running -= 1
        outcome = result.outcome
        if outcome is None:
            outcome = Outcome.failed(Status.INVALID, f"the evaluator could not judge the answer: {result.error}")
        elif self.cache is not None:
            self.cache.keep(asked, outcome, trial.number)
            if known is not None and standing and standing.use is Use.CHECK:
                self._checked.setdefault(trial.number, []).append((outcome, known))
        self.state.meter.charge(evaluations=not final)
        scored = self._written(trial, place, instance, stage, outcome)
        self.state.ledger.flush(soon=time.monotonic() < begun + TOGETHER_S)  # what took long is safe at once
        return scored

    def _written(self, trial: Trial, place: int, instance: Instance, stage: str, outcome: Outcome) -> Scored:
        self.state.ledger.add_outcome(trial.number, place, instance.id, stage, outcome)
        return Scored(instance.id, stage, replace(outcome, solution=None))

    async def _admit(self, final: bool) -> None:
        """Wait for ever when those that run already take what is left of the evaluations: the run ends with them."""
        left = self.state.meter.remaining.get("evaluations")
        if left is not None and self._running >= left and not final:
            await asyncio.Event().wait()
        self._running += 1

    async def _run(self, job: Job) -> JobResult:
        result = await self.executor.run(job)
        self.state.meter.charge(cpu_seconds=result.cost.cpu_s + result.worker_cpu_s)
        return result
