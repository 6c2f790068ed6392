"""`Proposal`: a program that somebody wants judged; `Trial`: a program with its lineage and its outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from evolve.evaluation import Outcome, Status
from evolve.program import Program

__all__ = ["Proposal", "Scored", "Trial", "TrialStatus", "depth_of"]


class TrialStatus(StrEnum):
    """Where a trial stands: ENTERED is not judged yet, REUSED took over the outcomes of a known class."""

    ENTERED = "entered"
    OK = "ok"
    FAILED = "failed"
    REUSED = "reused"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a mutator returns.

    Args:
        program: the changed program; None when the operator could not make one (then `refusal` says why).
        operator: the name of the operator, such as "gp.subtree".
        parents: numbers of the trials it was made from, the primary one first; empty for a fresh start.
        model: which model answered, or "".
        notes: idea text, its scores, anything the operator wants back in `observe`; plain data.
        refusal: why there is no program; recorded, counted, and free of charge.
        cpu_s: CPU seconds that making it took, when the operator measured them.
    """

    program: Program | None
    operator: str
    parents: tuple[int, ...] = ()
    model: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)
    refusal: str = ""
    cpu_s: float = 0.0

    @classmethod
    def refused(cls, operator: str, why: str, parents: tuple[int, ...] = ()) -> Proposal:
        """Return the proposal of an operator that found nothing to propose."""
        return cls(None, operator, parents, refusal=why)


@dataclass(frozen=True, slots=True)
class Scored:
    """One outcome of a trial, with where it came from.

    Args:
        instance: id of the instance.
        stage: name of the stage of the ladder, or "" for an evaluation that a strategy asked for by itself.
        outcome: what happened; its `solution` is left out here (`context.solution(trial)` reads it).
        reused_from: number of the trial of the same class that was evaluated, or None when this one was.
    """

    instance: str
    stage: str
    outcome: Outcome
    reused_from: int | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One program with its lineage.

    Args:
        number: counted from 0 in the order of proposal; seeds come first.
        program: the program.
        parents: trial numbers, the primary parent first.
        operator: what made it; "seed" for a seed program.
        model: which model wrote it, or "".
        notes: what its author noted, and the tags of the action that asked for it.
        class_key: programs with equal keys behave the same.
        status: where it stands.
        outcomes: one entry per instance judged, in the order they came.
        score: its aggregate over the last stage it reached, in the problem's direction; None unless valid.
        fitness: the score turned so that higher is always better; None unless valid.
        certified: the value an exact check confirmed, in the problem's direction, or None.
        cpu_s: CPU seconds that its evaluations used, 0 when reused; in a run of fixed order nominal ones, counted
            from fuel, so that equal runs decide equally.
        averaged: numbers of the trials of its class over whose evaluations its scores are means; empty when they are
            those of one evaluation.
    """

    number: int
    program: Program
    parents: tuple[int, ...] = ()
    operator: str = "seed"
    model: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)
    class_key: str = ""
    status: TrialStatus = TrialStatus.ENTERED
    outcomes: tuple[Scored, ...] = ()
    score: float | None = None
    fitness: float | None = None
    certified: float | None = None
    cpu_s: float = 0.0
    averaged: tuple[int, ...] = ()

    @property
    def valid(self) -> bool:
        """True when it has a fitness."""
        return self.fitness is not None

    @property
    def reached(self) -> tuple[Scored, ...]:
        """Its outcomes of the last stage that it reached: those that make its score."""
        return tuple(scored for scored in self.outcomes if scored.stage == self.outcomes[-1].stage)

    @property
    def stage(self) -> str:
        """Name of the last stage that it reached, or "" for an evaluation that a strategy asked for by itself."""
        return self.outcomes[-1].stage if self.outcomes else ""

    @property
    def leader(self) -> int:
        """Number of the trial whose evaluations its outcomes are: its own unless it was reused."""
        return next((scored.reused_from for scored in self.outcomes if scored.reused_from is not None), self.number)

    @property
    def measures(self) -> Mapping[str, float]:
        """Behaviour descriptors of the last valid outcome."""
        return next((s.outcome.measures for s in reversed(self.outcomes) if s.outcome.valid), {})

    @property
    def metrics(self) -> Mapping[str, float]:
        """Further numbers of the last valid outcome."""
        return next((s.outcome.metrics for s in reversed(self.outcomes) if s.outcome.valid), {})

    @property
    def feedback(self) -> str:
        """What the last outcome tells the next author."""
        return self.outcomes[-1].outcome.feedback if self.outcomes else ""

    @property
    def failure(self) -> Status | None:
        """Status of the outcome that failed, or None."""
        return next((s.outcome.status for s in self.outcomes if not s.outcome.valid), None)


def depth_of(stage: str, stages: Sequence[str]) -> int:
    """Return how far up a ladder a stage stands: scores of a higher one count before those of a lower one.

    Args:
        stage: its name; one that is not of the ladder counts as its end.
        stages: the names of all stages, cheapest first.
    """
    return stages.index(stage) if stage in stages else max(0, len(stages) - 1)
