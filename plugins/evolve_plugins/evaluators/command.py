"""`CommandEvaluator`: programs in any language, judged by a problem folder's own `evaluate.py`."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar

from pydantic import Field

from evolve import strict
from evolve.errors import CandidateError, ProblemError
from evolve.evaluation import Outcome, Status
from evolve.instance import Instance
from evolve.interfaces import Candidate, Description, Setup
from evolve.sandbox import commands
from evolve.sandbox.text import cleaned
from evolve_plugins.evaluators.python import PythonEvaluator

__all__ = ["CommandEvaluator"]

_SHOWN = 3000
_FULL = "its folder was full: limits.scratch_mb"
_NO_REPORT = "its answer cannot be read: it is no report of a command"
_OUT_OF_MEMORY = ("bad_alloc", "out of memory", "Out of memory", "OutOfMemoryError", "Cannot allocate memory")

Command = Annotated[tuple[str, ...], Field(min_length=1)]


@dataclass
class CommandEvaluator(PythonEvaluator):
    """Judge programs of any language with `evaluate.py`: build them once, then run a command for each call.

    `candidate.call("colour", 8)` runs the program with `{"function": "colour", "args": [8]}` on its standard input and
    in `request.json`; its answer is one JSON document. All of it happens in the sandbox, in a scratch folder that
    holds the program's files: it needs `limits.scratch_mb` and the tier "processes". Building counts towards the
    limits, and happens once in each evaluation.

    Args:
        run: the command that answers a call, such as ["./solve"].
        build: one command, or several, to run before the first call, such as ["g++", "-O2", "-o", "solve", "main.cpp"].
        answer: where the program leaves its answer: "stdout", or "file:NAME" for a file in its folder.
        non_finite: NaN, Infinity and -Infinity in an answer reach `evaluate` as floats; else they are an error.
    """

    run: Command = ()
    build: tuple[str, ...] | tuple[tuple[str, ...], ...] = ()
    answer: str = "stdout"
    non_finite: bool = False

    def __post_init__(self) -> None:
        if not self.run:
            raise ValueError('run is missing; write the command that answers a call, such as run = ["./solve"]')
        kind, _, name = self.answer.partition(":")
        inside = PurePosixPath(name).parts
        if self.answer != "stdout" and (kind != "file" or not inside or ".." in inside or inside[0] == "/"):
            raise ValueError(f'answer is {self.answer!r}; write "stdout" or "file:result.json"')

    def open(self, setup: Setup) -> Description:
        """Load the folder's code and see that its commands are here.

        Raises:
            ProblemError: the folder's code breaks its contract, or a command is not on this machine.
        """
        if setup.tier != "processes":
            raise ProblemError(
                f'the evaluator "command" starts processes; write tier = "processes" in [sandbox], not {setup.tier!r}'
            )
        for command in (*self._builds(), self.run):
            if "/" not in command[0] and shutil.which(command[0], path=commands.PATH) is None:
                raise ProblemError(f"the command {command[0]!r} is not in {commands.PATH}; install it on this machine")
        return super().open(setup)

    def evaluate(self, candidate: Candidate, instance: Instance) -> Outcome:
        """Return what the folder's `evaluate` says."""
        return super().evaluate(_Commanded(candidate, self, self._builds()), instance)

    def probe(self, candidate: Candidate) -> Any:
        """Return what the folder's `probe` says."""
        return super().probe(_Commanded(candidate, self, self._builds()))

    def _builds(self) -> list[Sequence[str]]:
        single = tuple(word for word in self.build if isinstance(word, str))
        return [single] if single else [command for command in self.build if not isinstance(command, str)]


@dataclass
class _Commanded:
    """A candidate whose calls run a command."""

    candidate: Candidate
    settings: CommandEvaluator
    builds: Sequence[Sequence[str]]
    built: bool = False
    inline: ClassVar[bool] = False

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        """Run the program with a request and return its answer.

        Raises:
            CandidateError: it does not build, fails, or answers no JSON.
        """
        for command in () if self.built else self.builds:
            self._build(command)
        self.built = True
        request = {"function": function, "args": list(args), **({"kwargs": kwargs} if kwargs else {})}
        try:
            said = json.dumps(request, allow_nan=False, default=_listed)
        except (TypeError, ValueError) as error:
            raise ProblemError(f"the arguments of {function}() cannot be written as JSON: {error}") from error
        return self._parsed(self._run(self.settings.run, said))

    def restart(self) -> None:
        """Start in a new process at the next call, where it is built again."""
        self.built = False
        self.candidate.restart()

    def _build(self, command: Sequence[str]) -> None:
        try:
            self._run(command, "")
        except CandidateError as error:
            raise CandidateError(error.status, f"it does not build: {error.detail}") from None

    def _run(self, command: Sequence[str], said: str) -> dict[str, Any]:
        file = self.settings.answer.removeprefix("file:") if self.settings.answer != "stdout" else ""
        spec = {"command": list(command), "input": said, "answer": file}
        match self.candidate.call(commands.REQUEST, spec):
            case {"unwritable": True}:
                raise ProblemError('evaluator "command" needs a folder to write to; set scratch_mb = 64 in [limits]')
            case {"missing": str(why)}:
                raise CandidateError(Status.ERROR, f"it cannot be started: {cleaned(why, _SHOWN)}")
            case {"code": 0, "said": bytes()} as ended:
                return dict(ended)
            case {"code": int(code), "said": bytes(errors), "full": bool(full)}:
                said = cleaned(errors.decode(errors="replace"), _SHOWN).strip()
                raise _failed(command[0], code, f"{said}\n{_FULL}".strip() if full else said)
        raise CandidateError(Status.ERROR, _NO_REPORT)

    def _parsed(self, ended: dict[str, Any]) -> Any:
        match ended:
            case {"answer": None}:
                raise CandidateError(Status.ERROR, f"it wrote no {self.settings.answer.removeprefix('file:')}")
            case {"answer": bytes(data), "bytes": int(size)} if size == len(data):
                try:
                    return strict.json_data(data, non_finite=self.settings.non_finite)
                except ValueError as error:
                    raise CandidateError(Status.ERROR, f"its answer is no JSON: {error}") from None
            case {"bytes": int(size)}:
                raise CandidateError(Status.ERROR, f"its answer has {size:,} bytes, more than limits.result_mb allows")
        raise CandidateError(Status.ERROR, _NO_REPORT)


def _failed(name: str, code: int, said: str) -> CandidateError:
    """Return what a command's end means for the program."""
    status, how = Status.ERROR, f"{name} exited with code {code}"
    if code < 0:
        known = {number.value: number.name for number in signal.Signals}
        status, how = Status.KILLED, f"{name} was killed by signal {known.get(-code, -code)}"
    if code == -signal.SIGXCPU:
        status, how = Status.TIMEOUT, f"{name} used more CPU time than it may"
    elif any(words in said for words in _OUT_OF_MEMORY):
        status, how = Status.MEMORY, f"{name} used more memory than it may"
    return CandidateError(status, f"{how}\n{said}" if said else how)


def _listed(value: Any) -> Any:
    """Return an array or a numpy number as JSON data."""
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not plain data")
