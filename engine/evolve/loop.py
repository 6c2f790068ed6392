"""The loop: decide, propose, gate, evaluate, commit.

    decide     the strategy says what to do next                     (pure: reads the state)
    propose    a mutator changes programs                            (concurrent; a refusal is recorded, and free)
    gate       gates, then the class key: a known class is not judged again
    evaluate   the ladder of stages, in a sandbox                    (concurrent)
    commit     ledger, strategy, mutator, observers                  (here only does the state change)

`order = "completed"` commits results as they come, and the record keeps that order. `order = "fixed"` commits in the
order of decision with a fixed number of actions in flight, so runs with the same seed are equal whatever the timing
and the number of workers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from evolve.actions import Action, Evaluate, Finish, MakeInstance, Propose, Retire
from evolve.checks import ExactChecks
from evolve.chronicle import Chronicle
from evolve.codec import action_to_plain, audit_to_plain, change_to_plain, refused_to_plain, trial_to_plain
from evolve.deciding import decide, revise
from evolve.drought import Drought
from evolve.errors import PluginError, ProblemError
from evolve.evaluation import Status, Verdict
from evolve.events import (
    Committed,
    Decided,
    Event,
    Examined,
    Finished,
    Measured,
    Proposed,
    Refused,
    Verified,
)
from evolve.finals import Finals
from evolve.ladder import Judged, Ladder, Stage
from evolve.ledger import TOGETHER_S
from evolve.parts import Parts
from evolve.program import Program
from evolve.proposing import Proposer
from evolve.state import RunState
from evolve.streams import stream
from evolve.trial import Proposal, Scored, Trial
from evolve.turnstile import Turnstile

__all__ = ["Loop"]

_PATIENCE_S, _PATIENCE_OF_A_PERSON_S = 3.0, 20.0
"""How long the end waits for answers of models that are paid for: at a limit, and when a person asked for the end."""


@dataclass(frozen=True, slots=True)
class Done:
    """What one step led to: judged trials and refusals of a `Propose`, or outcomes of an `Evaluate`."""

    step: int
    judged: Sequence[Judged] = ()
    refused: Sequence[Proposal] = ()
    measured: Sequence[Scored] = ()


@dataclass
class Loop:
    """Runs a search until a budget is spent, the strategy finishes, or somebody asks it to stop.

    Args:
        state: where the run stands.
        parts: its plugins.
        proposer: asks the mutator and the gates.
        ladder: recognises known classes, and evaluates the others.
        seed: of the run.
        ordered: True for `order = "fixed"`.
        width: how many actions may be in flight.
        verifies: the problem has an exact check.
        emit: shows a fact to the observers, after it is safe in the record.
        finals: the stages on which the best programs are judged when the search has ended.
    """

    state: RunState
    parts: Parts
    proposer: Proposer
    ladder: Ladder
    seed: int
    ordered: bool
    width: int
    verifies: bool
    emit: Callable[[Event], None]
    finals: Sequence[Stage] = ()
    stop_reason: str = ""
    end_reason: str = ""
    answer: int | None = None
    _tasks: dict[int, asyncio.Task[Done]] = field(default_factory=dict, init=False, repr=False)
    holding: Finals | None = field(default=None, init=False, repr=False)
    _drought: Drought = field(default_factory=Drought, init=False, repr=False)
    _entering: Turnstile = field(init=False, repr=False)
    _checks: ExactChecks = field(init=False, repr=False)
    _chronicle: Chronicle = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._entering = Turnstile(self.ordered)
        self._checks = ExactChecks(self.ladder, self.verifies, self._certify)
        self._chronicle = Chronicle(self.state.ledger, self.state.meter, self.emit)

    async def run(self, seeds: Sequence[Program]) -> str:
        """Search, and return why it ended.

        Args:
            seeds: programs that the run starts from; those already in the record are not entered again.

        Raises:
            ProblemError: no seed program is valid.
            LedgerError: the record cannot be written.
        """
        self.state.meter.start()
        try:
            await self._go_on_with_what_was_pending()
            await self._plant(seeds)
            while not (reason := self._why_stop()):
                acted = not self._ending() and await self._decide()
                if self._tasks:
                    await self._commit_what_is_done()
                elif not acted:
                    reason = self._why_stop() or self.end_reason or "the strategy has nothing left to do"
                    break
            self._chronicle.say()
            await self._end(reason)
        except (ProblemError, PluginError, asyncio.CancelledError):
            self._chronicle.say()  # what was found before is shown; after a LedgerError it would not be safe
            raise
        finally:
            await self._cancel()
        return reason

    def stop(self, reason: str) -> None:
        """Ask the loop to end; what is in flight stays in the record as pending."""
        self.stop_reason = reason

    def end(self, reason: str) -> None:
        """Ask the loop to decide nothing more, and to end when all that is in flight is committed."""
        self.end_reason = self.end_reason or reason

    # --- decide -------------------------------------------------------------------------------------------------

    async def _decide(self) -> bool:
        """Ask the strategy, begin what it wants, and return whether it wanted anything."""
        free = self._room()
        if free <= 0:
            return False
        step = self.state.next_step
        actions = decide(self.parts.strategy, self.state, free, stream(self.seed, step, "strategy"))
        if not actions:
            return False
        plain = tuple({"step": step + i, **action_to_plain(a)} for i, a in enumerate(actions))
        self._chronicle.record(Decided(step, free, plain), "decided", step, body={"free": free, "actions": plain})
        for offset, action in enumerate(actions):
            self._begin(step + offset, action)
        self.state.next_step = step + len(actions)
        self._chronicle.say(soon=True)
        await asyncio.sleep(0)  # operators read the state as it was decided upon, before anything is committed
        return True

    def _ending(self) -> bool:
        """Tell whether only what is in flight is still to be done: what was paid for is finished."""
        self.end_reason = self.end_reason or self.state.meter.exhausted(paid=True)
        return bool(self.end_reason)

    def _room(self) -> int:
        room = self.width - len(self._tasks)
        left = self.state.meter.remaining.get("trials")
        if left is not None:
            promised = sum(isinstance(action, Propose) for action in self.state.in_flight.values())
            room = min(room, int(left) - promised)
        return room

    def _begin(self, step: int, action: Action, entered: Sequence[Trial] = ()) -> None:
        """Carry out an action: at once when it only changes the state, otherwise in a task of its own."""
        match action:
            case MakeInstance() | Retire():
                self._change(step, action, closes=True)
            case Finish(reason, trial):
                self.answer = trial
                self.end(f"the strategy finished: {reason}")
            case Propose():
                self._entering.issue(step)
                self._start(step, action, self._propose(step, action, entered))
            case Evaluate():
                self._start(step, action, self._evaluate(step, action))

    def _change(self, step: int, change: MakeInstance | Retire, closes: bool) -> None:
        """Let an instance join or leave."""
        event, kind, body = change_to_plain(step, change)
        self._chronicle.record(event, kind, step, closes=closes, body=body)
        self.parts.learn(self.state, event, self.seed)

    def _start(self, step: int, action: Action, work: Any) -> None:
        self.state.in_flight[step] = action
        self._tasks[step] = asyncio.create_task(work, name=f"step {step}")

    # --- propose, gate, evaluate ----------------------------------------------------------------------------------

    async def _propose(self, step: int, action: Propose, entered: Sequence[Trial]) -> Done:
        refused: Sequence[Proposal] = ()
        if not entered:
            accepted, refused = await self.proposer.propose(step, action)
            await self._entering.wait(step)
            entered = [self._enter(step, proposal, action) for proposal in accepted]
        self._entering.passed(step)
        judging = [self.ladder.judge(trial, action.stages) for trial in entered]
        judged = [await judging[0]] if len(judging) == 1 else await asyncio.gather(*judging)  # one needs no task
        return Done(step, judged, refused)

    def _enter(self, step: int, proposal: Proposal, action: Propose) -> Trial:
        assert proposal.program is not None
        notes = {**action.tags, **proposal.notes}
        number = self.state.trials
        trial = Trial(number, proposal.program, proposal.parents, proposal.operator, proposal.model, notes)
        self.state.enter(number, trial.parents)
        self.state.ledger.add_trial(step, trial)
        self.ladder.announce(number)
        self._chronicle.record(Proposed(step, trial), "proposed", step, number)
        return trial

    async def _evaluate(self, step: int, action: Evaluate) -> Done:
        trial = self.state.trial(action.trial)
        return Done(step, measured=await self.ladder.measure(step, trial, action.instances, action.stage))

    # --- commit ---------------------------------------------------------------------------------------------------

    async def _commit_what_is_done(self) -> None:
        """Wait until some step is done, or until the time is up, and commit."""
        waited = [self._tasks[min(self._tasks)]] if self.ordered else list(self._tasks.values())
        if not any(task.done() for task in waited):
            timeout = min(self.state.meter.seconds_left or 0.5, TOGETHER_S if self._chronicle.unsaid else 0.5)
            await asyncio.wait(waited, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        for step, task in self._ready():
            del self._tasks[step]
            self._commit(task.result())
        self._chronicle.say(soon=True)

    def _ready(self) -> Iterator[tuple[int, asyncio.Task[Done]]]:
        """Yield the steps to commit before the next decision: in fixed order one, the oldest."""
        steps = [min(self._tasks)] if self.ordered else sorted(self._tasks)
        for step in steps:
            if self._tasks[step].done():
                yield step, self._tasks[step]

    def _commit(self, done: Done) -> None:
        action = self.state.in_flight.pop(done.step)
        facts = len(done.refused) + len(done.judged) + bool(done.measured)
        if not facts:
            self._commit_refusal(done.step, Proposal.refused("", "nothing"), closes=True)
        for place, proposal in enumerate(done.refused, 1):
            self._commit_refusal(done.step, proposal, closes=place == facts)
        for place, judged in enumerate(done.judged, 1 + len(done.refused)):
            self._commit_trial(done.step, judged, closes=place == facts)
        if done.measured:
            assert isinstance(action, Evaluate)
            self._commit_outcomes(done.step, action, done.measured)
        fruit = bool(done.measured) or any(not judged.refusal for judged in done.judged)
        late = [judged.refused() for judged in done.judged if judged.refusal]
        dry = self._drought.note(fruit, [*done.refused, *late])
        if dry:
            self.end(dry)

    def _commit_refusal(self, step: int, proposal: Proposal, closes: bool) -> None:
        refused = Refused(step, proposal.operator, proposal.refusal, proposal.parents, proposal.notes)
        self.parts.learn(self.state, refused, self.seed)
        self._chronicle.record(refused, "refused", step, closes=closes, body=refused_to_plain(refused))

    def _commit_trial(self, step: int, judged: Judged, closes: bool) -> None:
        trial = judged.trial
        self.ladder.settle(judged)
        if judged.refusal:
            self._commit_refusal(step, judged.refused(), closes)
            return
        self.state.meter.charge(trials=1)
        if judged.audit is not None:
            body = audit_to_plain(judged.audit)
            self._chronicle.record(replace(judged.audit, step=step), "audited", step, trial.number, body=body)
        if trial.failure is not Status.INFRASTRUCTURE:
            self.state.ledger.add_classes(judged.keys, trial.leader)
        better = self.parts.learn(self.state, Committed(step, trial), self.seed)
        body = trial_to_plain(trial)
        self._chronicle.record(Committed(step, trial), "committed", step, trial.number, closes=closes, body=body)
        for change in revise(self.parts.curriculum, self.state, trial, step, self.seed):
            self._change(step, change, closes=False)
        if better:
            self._checks.start(trial)

    def _commit_outcomes(self, step: int, action: Evaluate, measured: Sequence[Scored]) -> None:
        for place, scored in enumerate(measured, 1):
            trial = self.state.trial(action.trial)
            self.ladder.settle_measured(trial.number, scored)
            outcomes = (*trial.outcomes, scored)
            event = Measured(step, self.ladder.rescored(trial, outcomes), scored)
            better = self.parts.learn(self.state, event, self.seed)
            assert event.trial is not None
            body = {"instance": scored.instance, "stage": scored.stage, **trial_to_plain(event.trial)}
            self._chronicle.record(event, "measured", step, action.trial, closes=place == len(measured), body=body)
            for change in revise(self.parts.curriculum, self.state, event.trial, step, self.seed):
                self._change(step, change, closes=False)
            if better:
                self._checks.start(event.trial)

    def _certify(self, trial: Trial, verdict: Verdict) -> None:
        if len(self.state.trial(trial.number).outcomes) != len(trial.outcomes):
            return  # it has got further outcomes meanwhile, and is checked again if it stays the best
        self.state.certify(trial.number, verdict)
        body = {"confirmed": verdict.confirmed, "value": verdict.value, "detail": verdict.detail}
        self._chronicle.record(Verified(-1, trial.number, verdict), "verified", -1, trial.number, body=body)
        self._chronicle.say()

    def _examined(self, examined: Examined) -> None:
        self._chronicle.record(examined, "examined", body={"stage": examined.stage, "scores": examined.scores})
        self._chronicle.say()

    # --- beginning and end --------------------------------------------------------------------------------------------

    async def _go_on_with_what_was_pending(self) -> None:
        """Carry on with the actions that the record holds as decided and not finished."""
        pending = dict(sorted(self.state.in_flight.items()))
        for step, action in pending.items():
            rows = self.state.ledger.events("step = ? AND kind = 'proposed'", step)
            entered = [self.state.ledger.proposed(row.trial or 0) for row in rows]
            for trial in entered:
                self.ladder.announce(trial.number)
            self._begin(step, action, entered)
        best = self.state.best
        if best is not None and best.number not in self.state.verdicts:
            self._checks.start(best)
        await asyncio.sleep(0)

    async def _plant(self, seeds: Sequence[Program]) -> None:
        """Judge the seed programs before the first decision."""
        if self.state.next_step >= len(seeds):
            return
        for program in seeds[self.state.next_step :]:
            step = self.state.next_step
            action = Propose(operator="seed")
            self.state.next_step += 1
            plain = ({"step": step, **action_to_plain(action)},)
            self._chronicle.record(Decided(step, 1, plain), "decided", step, body={"free": 1, "actions": plain})
            self._entering.issue(step)
            trial = self._enter(step, Proposal(program, "seed"), action)
            self._start(step, action, self._propose(step, action, [trial]))
        while self._tasks and not self.stop_reason:
            await self._commit_what_is_done()
        if self.state.valid == 0 and not self.stop_reason:
            failed = self.state.trial(0)
            why = ": ".join(line.strip() for line in failed.feedback.splitlines() if line.strip())
            raise ProblemError(f"the seed program is not valid ({failed.failure}): {why}")

    def _why_stop(self) -> str:
        if self.stop_reason:
            return self.stop_reason
        return self.state.meter.exhausted()

    async def _end(self, reason: str) -> None:
        finals = self.holding = Finals(self.state, self.parts.strategy.kept, self.ladder, self.finals, self._examined)
        if not self.stop_reason:
            winner = await finals.hold(self.answer, lambda: bool(self.stop_reason))
            self.answer = self.answer if winner is None else winner
            reason = self.stop_reason or reason
        if self.answer is not None:
            self.state.settle_on(self.answer)
        best = self.state.best
        if not self.stop_reason:
            await self._checks.finish()
            if best is not None and best.number not in self.state.verdicts:
                self._checks.start(best)
                await self._checks.finish()
        body = {"reason": reason, **({"trial": self.answer} if self.answer is not None else {})}
        self._chronicle.record(Finished(-1, reason, self.answer), "finished", body=body)
        self._chronicle.say()

    async def _cancel(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self._checks.cancel()
        await self.proposer.switchboard.close(_PATIENCE_OF_A_PERSON_S if self.stop_reason else _PATIENCE_S)
