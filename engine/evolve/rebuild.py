"""Rebuilding a run from its record: the plugins are fed the recorded facts, in order, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from evolve import views
from evolve.codec import action_from_plain, instance_from_plain, refused_from_plain
from evolve.evaluation import Verdict
from evolve.events import Committed, InstanceAdded, InstanceRetired, Measured
from evolve.loop import Loop
from evolve.record import Row
from evolve.trial import Trial

__all__ = ["feed", "rebuild"]

_LEARNT = ("committed", "refused", "measured", "instance", "retired", "verified")


def rebuild(loop: Loop) -> None:
    """Bring a fresh loop to where its record ends; actions that were not finished are in flight again.

    Plugins learn only from what was committed, so decisions and proposals need not be read one by one.
    """
    state, ledger = loop.state, loop.state.ledger
    for number, parents in views.lineage(ledger):
        state.enter(number, parents)
    for row, trial in ledger.history(*_LEARNT):
        feed(loop, row, trial)
    pending = views.pending(ledger)
    state.in_flight.update({plain["step"]: action_from_plain(plain) for plain in pending})
    state.next_step = views.next_step(ledger)
    state.meter.used.update(views.used(ledger))


def feed(loop: Loop, row: Row, trial: Trial | None) -> None:
    """Let the state and the plugins of a loop learn from one recorded event."""
    state = loop.state
    match row.kind:
        case "decided":
            actions = row.body["actions"]
            state.in_flight.update({plain["step"]: action_from_plain(plain) for plain in actions})
            state.next_step = row.step + len(actions)
        case "proposed" if trial is not None:
            state.enter(trial.number, trial.parents)
        case "refused":
            loop.parts.learn(state, refused_from_plain(row.step, row.body), loop.seed)
        case "committed" if trial is not None:
            event = Committed(row.step, state.ledger.judged(trial, row.body))
            loop.parts.learn(state, event, loop.seed)
        case "measured":
            loop.parts.learn(state, next(_measured(loop, row)), loop.seed)
        case "instance":
            loop.parts.learn(state, InstanceAdded(row.step, instance_from_plain(row.body)), loop.seed)
        case "retired":
            loop.parts.learn(state, InstanceRetired(row.step, row.body["instance"]), loop.seed)
        case "verified" if row.trial is not None:
            body = row.body
            state.certify(row.trial, Verdict(body["confirmed"], body["value"], body["detail"]))
    if row.closes:
        state.in_flight.pop(row.step, None)


def _measured(loop: Loop, row: Row) -> Iterator[Measured]:
    trial = loop.state.trial(row.trial or 0)
    for scored in loop.state.ledger.outcomes(trial.number):
        if (scored.instance, scored.stage) == (row.body["instance"], row.body["stage"]):
            yield Measured(row.step, loop.ladder.rescored(trial, (*trial.outcomes, scored)), scored)
