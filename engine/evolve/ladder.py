"""From a proposed trial to a judged one: class key, then the ladder of stages.

A trial of a new class is evaluated. One whose class is known, or is being judged right now, takes over what comes of
that, unless the policy of the class book or an audit has it evaluated as well.
"""

from __future__ import annotations

import asyncio
import copy
import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from evolve.cache import Asked, OutcomeCache
from evolve.classes import KNOWN, ClassBook, Standing, Use
from evolve.errors import PluginError, ProblemError
from evolve.evaluation import Cost, Limits, Outcome, Status, Verdict
from evolve.events import Audited
from evolve.fingerprint import behaviour_key, error_signature, source_key, text_key
from evolve.instance import Instance
from evolve.interfaces import Curriculum, Executor, Job, JobResult
from evolve.program import Program
from evolve.record import LADDER_PLACES, averaged
from evolve.state import RunState
from evolve.streams import stream
from evolve.tables import ClassKeysTable
from evolve.trial import Proposal, Scored, Trial, TrialStatus
from evolve.turnstile import Turnstile

__all__ = ["Judged", "Ladder", "Stage"]


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
        called: names of the functions that the evaluator calls, separated by commas.
        sign: 1 when a higher score is better, -1 when a lower one is.
        levels: which class keys to use, of "text", "source", "behaviour".
        fingerprint: asks plugins for a class key.
        curriculum: picks a stage's instances, or None to use them all.
        seed: of the run.
        ordered: decide who leads a class in the order of trial numbers.
        settings: of the class keys.
        scope: digest of what decides outcomes beside the program.
        cache: outcomes of other runs, or None.
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
    settings: ClassKeysTable = field(default_factory=ClassKeysTable)
    scope: str = ""
    cache: OutcomeCache | None = field(default=None, init=False, repr=False)
    _book: ClassBook = field(init=False, repr=False)
    _guides: dict[int, Curriculum] = field(default_factory=dict, init=False, repr=False)
    _turns: Turnstile = field(init=False, repr=False)
    _running: int = field(default=0, init=False, repr=False)
    _measuring: set[tuple[int, str, str]] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        self._turns = Turnstile(self.ordered)
        self._book = ClassBook(self.state, self.settings, self.seed, self.ordered)

    def announce(self, number: int) -> None:
        """Say that a trial will be judged; call it in the order of numbers."""
        self._turns.issue(number)
        if self.ordered and self.curriculum is not None:  # what it knows now, whatever is committed before it is asked
            self._guides[number] = copy.deepcopy(self.curriculum)

    async def judge(self, trial: Trial, stage_names: tuple[str, ...] | None) -> Judged:
        """Return the trial with its outcomes.

        Args:
            trial: as it was proposed.
            stage_names: the stages to climb, or None for all.
        """
        keys, probe_cost = await self._keys(trial)
        await self._turns.wait(trial.number)
        standing = await self._book.place(trial, keys, stage_names != ())
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
            elif standing.use is Use.AUDIT:
                done, audit = await self._audited(done, standing)
            self._book.finish(done)
        finally:
            self._book.abandon(trial.number)
        return Judged(done, standing.keys, audit)

    def settle(self, judged: Judged) -> None:
        """Forget the waiting place of a class: the record knows it from now on."""
        self._book.settle(judged.trial.number, judged.keys)
        self._guides.pop(judged.trial.number, None)

    async def measure(self, step: int, trial: Trial, instances: Iterable[str], stage: str) -> list[Scored]:
        """Judge a known trial on further instances, one by one, and return the new outcomes.

        An instance that was judged, or that another action is judging right now, is left out.
        """
        rung = next((s for s in self.stages if s.name == stage), self.stages[-1])
        instances = list(instances) or [instance.id for instance in self._allowed(rung)]
        known = {(s.stage, s.instance) for s in trial.outcomes}
        wanted = [n for n in instances if (stage, n) not in known and (trial.number, stage, n) not in self._measuring]
        self._measuring.update((trial.number, stage, name) for name in wanted)
        recorded = {(s.stage, s.instance): s for s in self.state.ledger.outcomes(trial.number)}
        fresh: list[Scored] = []
        for place, name in enumerate(wanted, LADDER_PLACES * (step + 1)):
            scored = recorded.get((stage, name))  # judged before a crash, and not yet known to the plugins
            if scored is None:
                scored = await self._evaluate(trial, place, self.state.instance(name), stage, rung.limits)
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
        if "behaviour" not in self.levels or self._book.known(keys):
            return tuple(keys or [f"n:{trial.number}"]), Cost()
        result = await self._run(Job("probe", trial.program.files, trial.program.main, limits=self.stages[0].limits))
        failed = result.outcome
        if failed is None and not result.error:
            keys.append(behaviour_key(result.value, self.settings.digits, self.scope))
        elif failed is not None and failed.status in (Status.ERROR, Status.INVALID):  # a limit says little of the rest
            signature = error_signature(failed.status, failed.feedback)
            keys.append(behaviour_key(signature, scope=f"{self.scope} failed"))
        return tuple(keys or [f"n:{trial.number}"]), result.cost

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

    async def _audited(self, trial: Trial, standing: Standing) -> tuple[Trial, Audited]:
        """Compare a trial with what it would have taken over."""
        known = await self._reuse(trial, standing)
        both = {(s.stage, s.instance): s.outcome for s in known.outcomes}
        pairs = [(s.outcome, both[s.stage, s.instance]) for s in trial.outcomes if (s.stage, s.instance) in both]
        agrees = all(one.agrees(other, self.settings.audit_tolerance) for one, other in pairs)
        name = self._book.audited(trial, standing, agrees)
        if not agrees and self.cache is not None:
            self.cache.distrust(standing.hit)
        return replace(trial, class_key=name), Audited(-1, trial.number, standing.hit, known.leader, agrees, len(pairs))

    # --- the ladder ---------------------------------------------------------------------------------------------

    async def _climb(self, trial: Trial, stage_names: tuple[str, ...] | None, standing: Standing) -> Trial:
        stages = [s for s in self.stages if stage_names is None or s.name in stage_names]
        done = {(s.stage, s.instance): s for s in self.state.ledger.outcomes(trial.number)}
        outcomes: list[Scored] = []
        guide = self._guides.get(trial.number, self.curriculum)
        for stage in stages:
            first = len(outcomes)
            for instance in self._instances(stage, trial, done):
                scored = done.get((stage.name, instance.id))
                if scored is None:
                    if guide and outcomes[first:] and not guide.go_on(trial, outcomes[first:]):
                        return self._finished(trial, outcomes, TrialStatus.FAILED)
                    scored = await self._evaluate(trial, len(outcomes), instance, stage.name, stage.limits, standing)
                outcomes.append(scored)
                if not scored.outcome.valid:
                    return self._finished(trial, outcomes, TrialStatus.FAILED)
            _, fitness = self.score(outcomes)
            if stage.min_fitness is not None and (fitness is None or fitness < stage.min_fitness):
                return self._finished(trial, outcomes, TrialStatus.FAILED)
        return self._finished(trial, outcomes, TrialStatus.OK if stages else TrialStatus.ENTERED)

    def _instances(self, stage: Stage, trial: Trial, done: Mapping[tuple[str, str], Scored]) -> Sequence[Instance]:
        """Return what a stage judges a trial on: first what a crash left of it in the record, in that order."""
        allowed = self._allowed(stage)
        guide = self._guides.get(trial.number, self.curriculum)
        if guide is None:
            return allowed
        recorded = [self.state.instance(name) for where, name in done if where == stage.name]
        if recorded and list(done)[-1][0] != stage.name:
            return recorded  # a later stage was begun
        sampled = guide.sample(allowed, stream(self.seed, trial.number, f"curriculum/{stage.name}"))
        picked = _those_of(allowed, sampled, type(guide).__name__)
        further = [instance for instance in picked if instance not in recorded]
        return [*recorded, *further[: max(0, len(picked) - len(recorded))]]

    def _allowed(self, stage: Stage) -> Sequence[Instance]:
        """Return the instances that a stage may judge on.

        Raises:
            ProblemError: there is none.
        """
        allowed = [
            instance
            for instance in self.state.instances.values()
            if instance.split == "train" and any(fnmatch.fnmatchcase(instance.id, p) for p in stage.instances)
        ]
        if not allowed:
            raise ProblemError(f'stage {stage.name!r} has no instance to judge on: none of split "train" is active')
        return allowed

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
        asked = Asked(standing.keys if standing else (trial.class_key,), instance, stage, limits)
        if self.cache is not None and not (standing and standing.fresh):
            found = self.cache.find(asked)
            if found is not None:
                known, source = found
                body = {"instance": instance.id, "stage": stage, "source": source}
                self.state.ledger.add_event("cached", trial=trial.number, body=body)
                return self._written(trial, place, instance, stage, known)
        await self._admit()
        try:
            result = await self._run(Job("evaluate", trial.program.files, trial.program.main, instance, limits))
        finally:
            self._running -= 1
        outcome = result.outcome
        if outcome is None:
            outcome = Outcome.failed(Status.INVALID, f"the evaluator could not judge the answer: {result.error}")
        elif self.cache is not None:
            self.cache.keep(asked, outcome, trial.number)
        self.state.meter.charge(evaluations=1)
        return self._written(trial, place, instance, stage, outcome)

    def _written(self, trial: Trial, place: int, instance: Instance, stage: str, outcome: Outcome) -> Scored:
        self.state.ledger.add_outcome(trial.number, place, instance.id, stage, outcome)
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


def _those_of(allowed: Sequence[Instance], picked: Sequence[Instance], name: str) -> Sequence[Instance]:
    """Return what a curriculum picked, or raise unless it is at least one of the allowed instances, each once."""
    known = {instance.id: instance for instance in allowed}
    ids = [str(getattr(instance, "id", "")) for instance in picked] if isinstance(picked, Sequence) else []
    for place, instance_id in enumerate(ids):
        if instance_id not in known:
            wrong = f"{picked[place]!r}, which it was not given"
            break
        if instance_id in ids[:place]:
            wrong = f"{instance_id!r} more than once"
            break
    else:
        if ids:
            return [known[instance_id] for instance_id in ids]
        wrong = f"{picked!r}"
    raise PluginError(f"curriculum {name}: sample returned {wrong}; return some of {', '.join(known)}, each once")
