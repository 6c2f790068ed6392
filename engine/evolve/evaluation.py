"""`Outcome`: what happened to one program on one instance; `Verdict`: what an exact check says of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["Cost", "Limits", "Outcome", "Status", "Verdict"]


class Status(StrEnum):
    """How an evaluation ended. Only OK carries a score; INFRASTRUCTURE is never the candidate's fault."""

    OK = "ok"
    INVALID = "invalid"
    ERROR = "error"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    KILLED = "killed"
    INFRASTRUCTURE = "infrastructure"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one evaluation may use, measured from outside the candidate.

    Args:
        wall_s: seconds of wall time, > 0.
        cpu_s: seconds of CPU time, > 0; 0 means the wall limit.
        memory_mb: address space above that of the warm parent, MiB.
        result_mb: largest answer to one call, MiB.
        output_kb: how much of stdout and stderr is kept, KiB.
        scratch_mb: size of a folder that it may write to, its working directory, MiB; 0 means none.
        threads: how many threads and processes it may have at once, > 0.
        fuel: counted units of work that the problem's primitives may use; infinity switches the meter off.
    """

    wall_s: float = 10.0
    cpu_s: float = 0.0
    memory_mb: int = 1024
    result_mb: int = 64
    output_kb: int = 64
    scratch_mb: int = 0
    threads: int = 64
    fuel: float = math.inf


@dataclass(frozen=True, slots=True)
class Cost:
    """What an evaluation used. `wall_s`, `cpu_s` in seconds (child and its tree, from outside), memory in bytes (peak).

    `fuel` is what the candidate's side reported, in counted units: informative, never trusted.
    """

    wall_s: float = 0.0
    cpu_s: float = 0.0
    memory_bytes: int = 0
    fuel: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one program on one instance. Make it with `Outcome.ok` or `Outcome.invalid`.

    Args:
        status: how it ended.
        score: in the problem's own unit and direction; None unless OK; always finite.
        metrics: further numbers for people and for multi-objective archives.
        measures: behaviour descriptors, the axes of quality-diversity archives.
        feedback: what the next author should know, a few lines.
        solution: the object found, plain data (numbers, strings, lists, dicts, arrays), or None.
        cost: what it used; the engine fills it in.
        rung: how well it was isolated, 1 (best) to 4; 0 when it did not run, or is a straight-line program that needs
            no isolation. The engine fills it in.
    """

    status: Status
    score: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)
    feedback: str = ""
    solution: Any = None
    cost: Cost = field(default_factory=Cost)
    rung: int = 0

    def __post_init__(self) -> None:
        if self.status is Status.OK:
            if isinstance(self.score, bool) or self.score is None or not math.isfinite(self.score):
                raise ValueError(f"an ok outcome needs a finite score, not {self.score!r}; use Outcome.invalid(reason)")
        elif self.score is not None:
            raise ValueError(f"a {self.status} outcome has no score, got {self.score!r}")
        for name, values in (("metric", self.metrics), ("measure", self.measures)):
            for key, value in values.items():
                if not math.isfinite(value):
                    raise ValueError(f"{name} {key!r} is {value!r}; only finite numbers are kept")

    @classmethod
    def ok(
        cls,
        score: float,
        *,
        metrics: Mapping[str, float] | None = None,
        measures: Mapping[str, float] | None = None,
        feedback: str = "",
        solution: Any = None,
    ) -> Outcome:
        """Return the outcome of a valid answer.

        Raises:
            ValueError: the score, a metric or a measure is NaN or infinite.
        """
        return cls(
            Status.OK,
            float(score),
            {k: float(v) for k, v in (metrics or {}).items()},
            {k: float(v) for k, v in (measures or {}).items()},
            feedback,
            solution,
        )

    @classmethod
    def invalid(cls, feedback: str, *, metrics: Mapping[str, float] | None = None) -> Outcome:
        """Return the outcome of an answer that breaks the problem's rules; say which in `feedback`."""
        return cls(Status.INVALID, None, dict(metrics or {}), {}, feedback)

    @classmethod
    def failed(cls, status: Status, feedback: str) -> Outcome:
        """Return the outcome of a candidate that gave no answer at all."""
        return cls(status, None, {}, {}, feedback)

    @property
    def valid(self) -> bool:
        """True when there is a score."""
        return self.status is Status.OK

    def agrees(self, other: Outcome, tolerance: float) -> bool:
        """Tell whether another outcome has the same status and, to a tolerance (relative and absolute), score."""
        if self.score is None or other.score is None:
            return self.status is other.status
        return math.isclose(self.score, other.score, rel_tol=tolerance, abs_tol=tolerance)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an independent exact check says of a solution.

    Args:
        confirmed: the solution is valid, exactly.
        value: the exact score, rounded towards the worse side; None unless confirmed.
        detail: one line: how it was checked, or what is wrong.
        certificate: canonical plain data from which anybody can judge again, or None.
    """

    confirmed: bool
    value: float | None = None
    detail: str = ""
    certificate: Any = None

    @classmethod
    def ok(cls, value: float, detail: str = "", certificate: Any = None) -> Verdict:
        """Return a confirmation with its exact value."""
        return cls(True, float(value), detail, certificate)

    @classmethod
    def refused(cls, detail: str) -> Verdict:
        """Return a refusal with its reason."""
        return cls(False, None, detail)
