"""Actions: what a strategy may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evolve.instance import Instance

__all__ = ["Action", "Evaluate", "Finish", "MakeInstance", "Propose", "Retire"]


@dataclass(frozen=True, slots=True)
class Propose:
    """Ask the mutator for changed programs.

    Args:
        parents: trial numbers, the primary parent first; empty for a fresh start.
        inspirations: further trials the author may look at.
        purpose: "improve", or "restart" when the parents' niche has stagnated and new structure is wanted.
        operator: name of the operator to use, or "" to let the mutator choose.
        tags: plain data put into the trial's notes, such as {"niche": "2"}.
        stages: names of the stages to run, or None for the problem's whole ladder; () enters the trial unjudged.
    """

    parents: tuple[int, ...] = ()
    inspirations: tuple[int, ...] = ()
    purpose: str = "improve"
    operator: str = ""
    tags: Mapping[str, Any] = field(default_factory=dict)
    stages: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Evaluate:
    """Judge a known trial on further instances.

    Args:
        trial: its number.
        instances: instance ids; () is all that the stage judges on.
        stage: stage whose limits apply, or "" for the problem's own.
    """

    trial: int
    instances: tuple[str, ...]
    stage: str = ""


@dataclass(frozen=True, slots=True)
class MakeInstance:
    """Add an instance to the run."""

    instance: Instance


@dataclass(frozen=True, slots=True)
class Retire:
    """Keep an instance in the record, but stop using it."""

    instance: str


@dataclass(frozen=True, slots=True)
class Finish:
    """End the run.

    Args:
        reason: one line for the user.
        trial: which trial is the answer, or None for the best.
    """

    reason: str
    trial: int | None = None


Action = Propose | Evaluate | MakeInstance | Retire | Finish
