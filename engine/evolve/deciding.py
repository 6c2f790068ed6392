"""Deciding: ask the strategy, or the curriculum, and make sure that what it wants can be done."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any, cast, get_args

from numpy.random import Generator

from evolve.actions import Action, Evaluate, Finish, MakeInstance, Propose, Retire
from evolve.blaming import blaming
from evolve.codec import instance_to_plain
from evolve.errors import PluginError, did_you_mean
from evolve.instance import Instance
from evolve.interfaces import Curriculum, Strategy
from evolve.state import RunState
from evolve.streams import stream
from evolve.trial import Trial

__all__ = ["decide", "revise"]

_KINDS = get_args(Action)


def decide(strategy: Strategy, state: RunState, free: int, rng: Generator) -> list[Action]:
    """Return what a strategy wants, at most `free` actions.

    Args:
        strategy: who is asked.
        state: of the run.
        free: how many actions there is room for, >= 1.
        rng: the random stream of this step.

    Raises:
        PluginError: it raised, or wants what cannot be done; says what, and what there is instead.
    """
    with blaming(strategy, "decide"):
        wanted: Any = strategy.decide(state, free, rng)
        actions = list(wanted)[:free] if _is_list(wanted) else wanted
    return _checked(actions, f"{type(strategy).__name__}.decide", state, _KINDS, "[Propose((0,))]")


def revise(
    curriculum: Curriculum | None, state: RunState, trial: Trial, step: int, seed: int
) -> list[MakeInstance | Retire]:
    """Return which instances a curriculum wants to join and to leave.

    Args:
        curriculum: who is asked; None wants nothing.
        state: of the run.
        trial: which it has just learnt something of.
        step: that led to it.
        seed: of the run.

    Raises:
        PluginError: it raised, or wants what cannot be done; says what, and what there is instead.
    """
    if curriculum is None:
        return []
    seen = [instance for instance in state.instances.values() if instance.split == "train"]
    with blaming(curriculum, "revise"):
        wanted: Any = curriculum.revise(seen, stream(seed, step, f"revise/{trial.number}/{len(trial.outcomes)}"))
        changes = list(wanted) if _is_list(wanted) else wanted
    who, kinds = f"{type(curriculum).__name__}.revise", (MakeInstance, Retire)
    return cast(list[MakeInstance | Retire], _checked(changes, who, state, kinds, "[MakeInstance(instance)]"))


def _is_list(wanted: Any) -> bool:
    return isinstance(wanted, Iterable) and not isinstance(wanted, str | bytes)


def _checked(actions: Any, who: str, state: RunState, kinds: tuple[type, ...], example: str) -> list[Action]:
    """Return the actions, or raise unless each is of these kinds and can be done."""
    if not isinstance(actions, list):
        raise PluginError(f"{who} returned {actions!r:.60}; return a list of actions such as {example}")
    made: set[str] = set()
    names = ", ".join(kind.__name__ for kind in kinds)
    for action in actions:
        ours = isinstance(action, kinds)
        why = _why_not(action, state, made) if ours else f"{action!r:.60} is no action; there are {names}"
        if why:
            raise PluginError(f"{who} wants {type(action).__name__}: {why}")
        if isinstance(action, MakeInstance):
            made.add(action.instance.id)
    return actions


def _why_not(action: Any, state: RunState, made: set[str]) -> str:
    """Return why an action cannot be done, or ""; `made` are the instances that this decision makes."""
    instances = {*state.instances, *state.retired, *made}
    match action:
        case Propose():
            return _trials((*action.parents, *action.inspirations), state) or _stages(action.stages or (), state)
        case Evaluate():
            unknown = [name for name in action.instances if name not in instances]
            named = f"there is no instance {unknown[0]!r}{did_you_mean(str(unknown[0]), instances)}" if unknown else ""
            return _trials((action.trial,), state) or named or _stages([action.stage] if action.stage else (), state)
        case MakeInstance():
            return _instance(action.instance, {*instances, *state.held_out})
        case Retire():
            known = {*state.instances, *made}
            return "" if action.instance in known else f"there is no active instance {action.instance!r}"
        case Finish():
            return "" if action.trial is None else _trials((action.trial,), state)
    return ""


def _instance(instance: Any, known: Collection[str]) -> str:
    if not isinstance(instance, Instance):
        return f"{instance!r:.60} is no Instance"
    if not isinstance(instance.id, str) or not instance.id:
        return f"an instance needs a name, not {instance.id!r:.60}"
    try:
        json.dumps(instance_to_plain(instance), sort_keys=True)
    except (TypeError, ValueError) as error:
        return f"the parameters of instance {instance.id!r} are no plain data: {error}"
    return f"there is an instance {instance.id!r} already" if instance.id in known else ""


def _trials(numbers: Iterable[Any], state: RunState) -> str:
    for number in numbers:
        if type(number) is not int or not 0 <= number < state.trials:
            return f"there is no trial {number!r}; there are trials 0 to {state.trials - 1}"
    return ""


def _stages(names: Sequence[str], state: RunState) -> str:
    unknown = [name for name in names if name not in state.stages]
    return f"there is no stage {unknown[0]!r}{did_you_mean(str(unknown[0]), state.stages)}" if unknown else ""
