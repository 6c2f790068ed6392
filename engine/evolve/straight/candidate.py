"""`StraightCandidate`: a straight-line program that runs in the judge's own process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from evolve.errors import CandidateError
from evolve.evaluation import Cost, Status
from evolve.straight.program import StraightProgram
from evolve.straight.running import compile_straight

__all__ = ["StraightCandidate"]


class StraightCandidate:
    """The judge's handle on a straight-line program: no border, since only the problem's own primitives run.

    Arguments and answers are handed over as they are. What it cost is the time of the whole judgement, of which the
    program's share cannot be told; when that is over the wall limit, the next call ends it.

    Args:
        program: as it was read.
        functions: the problem's primitives by name.
    """

    output = ""
    inline = True

    def __init__(self, program: StraightProgram, functions: Mapping[str, Callable[..., Any]]) -> None:
        self._program = program
        self._entry = compile_straight(program, functions)
        self._wall = self._cpu = self._limit = 0.0

    @property
    def cost(self) -> Cost:
        """CPU and wall time since `rewind`."""
        return Cost(time.monotonic() - self._wall, time.process_time() - self._cpu)

    def rewind(self, wall_s: float) -> None:
        """Begin to count the cost anew.

        Args:
            wall_s: how long the judgement may take, in seconds of wall time.
        """
        self._wall, self._cpu, self._limit = time.monotonic(), time.process_time(), wall_s

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        """Call the entry function.

        Raises:
            CandidateError: it is another function, a primitive raised, or time is over.
        """
        if time.monotonic() - self._wall > self._limit:
            raise CandidateError(Status.TIMEOUT, f"it took longer than {self._limit:g} s of wall time")
        if function != self._program.entry:
            raise CandidateError(Status.ERROR, f"the program has no function {function!r}")
        if kwargs:
            args = (*args, *(kwargs[name] for name in self._program.parameters[len(args) :] if name in kwargs))
        try:
            return self._entry(*args)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise CandidateError(Status.ERROR, f"{type(error).__name__}: {error}") from error

    def restart(self) -> None:
        """Do nothing: it keeps no state."""
