"""Deciding: ask the strategy, and make sure that what it wants can be done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, get_args

from numpy.random import Generator

from evolve.actions import Action, Evaluate, Finish, MakeInstance, Propose, Retire
from evolve.blaming import blaming
from evolve.errors import PluginError, did_you_mean
from evolve.instance import Instance
from evolve.interfaces import Strategy
from evolve.state import RunState

__all__ = ["decide"]

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
    who = f"{type(strategy).__name__}.decide"
    if not isinstance(wanted, Iterable) or isinstance(wanted, str | bytes):
        raise PluginError(f"{who} returned {wanted!r:.60}; return a list of actions such as [Propose((0,))]")
    with blaming(strategy, "decide"):
        actions = list(wanted)[:free]
    made: set[str] = set()
    for action in actions:
        why = _why_not(action, state, made)
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
            if not isinstance(action.instance, Instance):
                return f"{action.instance!r:.60} is no Instance"
            return f"there is an instance {action.instance.id!r} already" if action.instance.id in instances else ""
        case Retire():
            known = {*state.instances, *made}
            return "" if action.instance in known else f"there is no active instance {action.instance!r}"
        case Finish():
            return "" if action.trial is None else _trials((action.trial,), state)
    return f"{action!r:.60} is no action; there are {', '.join(kind.__name__ for kind in _KINDS)}"


def _trials(numbers: Iterable[Any], state: RunState) -> str:
    for number in numbers:
        if type(number) is not int or not 0 <= number < state.trials:
            return f"there is no trial {number!r}; there are trials 0 to {state.trials - 1}"
    return ""


def _stages(names: Sequence[str], state: RunState) -> str:
    unknown = [name for name in names if name not in state.stages]
    return f"there is no stage {unknown[0]!r}{did_you_mean(str(unknown[0]), state.stages)}" if unknown else ""
