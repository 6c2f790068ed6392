"""Update rules as straight-line programs: reading and running them on the trusted side."""

from __future__ import annotations

from evolve_problems._shared.formula import Language
from evolve_problems._shared.training import Rule, TrainingTask, descend
from evolve_problems.optimizer_search import primitives

from evolve.straight import StraightProgram

__all__ = ["ENTRY", "LANGUAGE", "compiled", "parsed", "score_on"]

ENTRY = "update(w: float, g: float, lr: float, v1: float, v2: float) -> tuple[float, float, float]"
"""The signature of an update rule."""

LANGUAGE = Language(primitives, ENTRY)
"""What rules may call."""


def parsed(source: str) -> StraightProgram:
    """Return a rule's text as statements, without dead ones.

    Raises:
        ValueError: it has loops, branches, or calls something that is no primitive.
    """
    program: StraightProgram | None = LANGUAGE.read(source)
    if program is None:
        raise ValueError("it is no straight-line program of the primitives")
    return program


def compiled(program: StraightProgram) -> Rule:
    """Return a straight-line program as a function of this process."""
    rule: Rule = LANGUAGE.run(program)
    return rule


def score_on(program: StraightProgram, task: TrainingTask) -> float:
    """Return what the judge would say of a straight-line program on one task."""
    rule = compiled(program)
    score: float = task.score(list(map(task.progress, descend(rule, task, task.rates))))
    return score
