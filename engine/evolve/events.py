"""Events: the typed facts of a run. Strategies learn from them, observers show them, the ledger keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evolve.evaluation import Verdict
from evolve.instance import Instance
from evolve.trial import Scored, Trial

__all__ = [
    "Audited",
    "Committed",
    "Decided",
    "Event",
    "Examined",
    "Finished",
    "InstanceAdded",
    "InstanceRetired",
    "Measured",
    "Proposed",
    "Refused",
    "Resumed",
    "Started",
    "Verified",
]


@dataclass(frozen=True, slots=True)
class Event:
    """A fact of the run. `step` is the number of the action that led to it, or -1."""

    step: int = -1


@dataclass(frozen=True, slots=True)
class Started(Event):
    """The run began, with its resolved configuration."""

    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resumed(Event):
    """The run was opened again and goes on."""


@dataclass(frozen=True, slots=True)
class Decided(Event):
    """The strategy was asked for actions and gave these (in the record: as plain data).

    Args:
        free: how many actions it was told there was room for.
        actions: one plain mapping per action, each with its own step.
    """

    free: int = 0
    actions: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Proposed(Event):
    """A program entered the run as an unjudged trial."""

    trial: Trial | None = None


@dataclass(frozen=True, slots=True)
class Refused(Event):
    """An operator gave no program, or a gate turned it away before it became a trial: recorded, and no trial.

    Args:
        operator: who proposed.
        reason: why there is no trial.
        parents: numbers of the trials that were to be changed.
        notes: what the author noted, and the tags of the action; what models cost stands under "models".
    """

    operator: str = ""
    reason: str = ""
    parents: tuple[int, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured(Event):
    """One outcome arrived that a strategy had asked for with `Evaluate`; `trial` includes it."""

    trial: Trial | None = None
    scored: Scored | None = None


@dataclass(frozen=True, slots=True)
class Committed(Event):
    """A trial is finished: judged, or reused from its class."""

    trial: Trial | None = None


@dataclass(frozen=True, slots=True)
class Audited(Event):
    """A trial of a known class was evaluated as well, to see whether the class is one.

    Args:
        number: of the trial; it keeps the new outcomes.
        key: the class key that it shares.
        leader: number of the trial whose outcomes it would have taken over, or -1 when those are another run's.
        agrees: status and scores came out the same.
        compared: how many outcomes both have.
        source: the other run, and its trial; "" when it is this one.
    """

    number: int = -1
    key: str = ""
    leader: int = -1
    agrees: bool = True
    compared: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Examined(Event):
    """The best programs of a search that has ended were judged on a stage that it never saw.

    Args:
        stage: its name.
        scores: (trial, score) of the finalists, the best first; None for one that failed there.
    """

    stage: str = ""
    scores: tuple[tuple[int, float | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Verified(Event):
    """An exact check looked at a trial's solutions; with several instances the verdict is theirs together."""

    number: int = -1
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class InstanceAdded(Event):
    """An instance is now part of the run."""

    instance: Instance | None = None


@dataclass(frozen=True, slots=True)
class InstanceRetired(Event):
    """An instance is kept in the record but no longer used."""

    instance_id: str = ""


@dataclass(frozen=True, slots=True)
class Finished(Event):
    """The run ended, with the reason; `trial` is the answer where the strategy chose one, else it is the best."""

    reason: str = ""
    trial: int | None = None
