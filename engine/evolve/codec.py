"""How actions, instances and what became of trials are written into the record as plain data, and read back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from evolve.events import Audited, InstanceAdded, InstanceRetired, Refused
from evolve.instance import Instance
from evolve.interfaces import Action, Evaluate, Finish, MakeInstance, Propose, Retire
from evolve.trial import Trial

__all__ = [
    "action_from_plain",
    "action_to_plain",
    "audit_to_plain",
    "change_to_plain",
    "instance_from_plain",
    "instance_to_plain",
    "refused_from_plain",
    "refused_to_plain",
    "trial_to_plain",
]

_KINDS: Mapping[str, type[Any]] = {
    "propose": Propose,
    "evaluate": Evaluate,
    "make_instance": MakeInstance,
    "retire": Retire,
    "finish": Finish,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def instance_to_plain(instance: Instance) -> dict[str, Any]:
    """Return an instance as JSON-able data."""
    return {**_fields(instance), "params": dict(instance.params)}


def instance_from_plain(plain: Mapping[str, Any]) -> Instance:
    """Return the instance that `instance_to_plain` wrote."""
    return Instance(**{**plain, "parents": tuple(plain["parents"])})


def action_to_plain(action: Action) -> dict[str, Any]:
    """Return an action as JSON-able data, with its kind."""
    plain = _fields(action)
    if isinstance(action, MakeInstance):
        plain["instance"] = instance_to_plain(action.instance)
    if isinstance(action, Propose):
        plain["tags"] = dict(action.tags)
    return {"action": _NAMES[type(action)], **plain}


def action_from_plain(plain: Mapping[str, Any]) -> Action:
    """Return the action that `action_to_plain` wrote."""
    kind = _KINDS[plain["action"]]
    fields = {
        name: tuple(v) if isinstance(v, list) else v for name, v in plain.items() if name not in ("action", "step")
    }
    if kind is MakeInstance:
        fields["instance"] = instance_from_plain(plain["instance"])
    action: Action = kind(**fields)
    return action


def change_to_plain(
    step: int, change: MakeInstance | Retire
) -> tuple[InstanceAdded | InstanceRetired, str, dict[str, Any]]:
    """Return the fact that an instance joins or leaves, its kind in the record, and what is written there of it."""
    if isinstance(change, MakeInstance):
        return InstanceAdded(step, change.instance), "instance", instance_to_plain(change.instance)
    return InstanceRetired(step, change.instance), "retired", {"instance": change.instance}


def trial_to_plain(trial: Trial) -> dict[str, Any]:
    """Return what became of a trial; `evolve.record.Record.judged` puts it together again."""
    return {
        "status": trial.status.value,
        "class_key": trial.class_key,
        "reused_from": trial.leader if trial.leader != trial.number else None,
        "score": trial.score,
        "fitness": trial.fitness,
        "stage": trial.stage,
        "cpu_s": trial.cpu_s,
        "outcomes": len(trial.outcomes),
        **({"averaged": list(trial.averaged)} if trial.averaged else {}),
    }


def audit_to_plain(audit: Audited) -> dict[str, Any]:
    """Return how an audit of a class went, as JSON-able data."""
    plain = {"key": audit.key, "leader": audit.leader, "agrees": audit.agrees, "compared": audit.compared}
    return {**plain, **({"source": audit.source} if audit.source else {})}


def refused_to_plain(refused: Refused) -> dict[str, Any]:
    """Return why a proposal became no trial, as JSON-able data."""
    return {
        "operator": refused.operator,
        "reason": refused.reason,
        "parents": list(refused.parents),
        "notes": dict(refused.notes),
    }


def refused_from_plain(step: int, plain: Mapping[str, Any]) -> Refused:
    """Return the refusal that `refused_to_plain` wrote."""
    return Refused(step, plain["operator"], plain["reason"], tuple(plain["parents"]), plain["notes"])


def _fields(thing: Any) -> dict[str, Any]:
    named = {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in named.items()}
