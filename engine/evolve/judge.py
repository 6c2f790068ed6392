"""`Judge`: the trusted worker's work: an evaluator on one side, sandboxed candidates on the other."""

from __future__ import annotations

import dataclasses
import functools
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from evolve.errors import CandidateError, EvolveError, PluginError, ProblemError
from evolve.evaluation import Outcome, Status, Verdict
from evolve.instance import Instance
from evolve.interfaces import Candidate, Description, Evaluator, Job, JobResult, Setup
from evolve.loading import load_plugin
from evolve.primitives import unmetered
from evolve.sandbox import rungs, selftest
from evolve.sandbox.candidate import SandboxedCandidate
from evolve.sandbox.warm import WarmParent, WarmParentDied
from evolve.straight import NotStraight, Signature, read, signature_of
from evolve.straight.candidate import StraightCandidate

__all__ = ["Judge", "blame"]

_OUTPUT_SHOWN = 1000
_HANDLES = 8
"""Straight-line programs that are kept ready: jobs of several trials in flight arrive in turns."""


@dataclass(frozen=True, slots=True)
class _Declared:
    """A candidate of which only declared functions may be called: class keys take all others for private."""

    candidate: Candidate
    called: tuple[str, ...]

    @property
    def inline(self) -> bool:
        return self.candidate.inline

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        if self.called and function.isidentifier() and function not in self.called:
            raise ProblemError(
                f"the evaluator calls {function!r}, which problem.toml does not name; "
                f"set program.also_called = [{function!r}]"
            )
        return self.candidate.call(function, *args, **kwargs)

    def restart(self) -> None:
        self.candidate.restart()


class Judge:
    """Does jobs, one at a time. It outlives candidates, and never runs a line of theirs.

    Args:
        setup: the problem.

    Raises:
        ProblemError: the problem's own code does not load.
        PluginError: the evaluator cannot be found.
        EvolveError: this machine's isolation is weaker than the setup wants.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        try:
            evaluator = load_plugin(setup.evaluator, setup.settings)
        except (ImportError, AttributeError, TypeError) as error:
            raise PluginError(f"evaluator {setup.evaluator!r} does not load: {error}") from error
        if not isinstance(evaluator, Evaluator):
            raise PluginError(f"{setup.evaluator!r} is not an evolve.Evaluator")
        self._evaluator: Evaluator = evaluator
        self.description: Description = evaluator.open(setup)
        self._straight = self._read_primitives()
        self._handle = functools.lru_cache(maxsize=_HANDLES)(self._new_handle)
        self._warm = self._new_warm_parent()
        self._insist()

    def __enter__(self) -> Judge:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, job: Job) -> JobResult:
        """Do one job. Whatever a candidate does is an outcome; whatever the problem's own code does is an error."""
        begun = time.process_time()
        straight = self._straight_candidate(job)
        try:
            result = self._attempt(job, straight)
        except WarmParentDied:
            self._renew()
            try:
                result = self._attempt(job, straight)
            except WarmParentDied as error:
                self._renew()
                result = JobResult(outcome=Outcome.failed(Status.INFRASTRUCTURE, f"{error}, twice"))
        inside = 0.0 if straight is None else result.cost.cpu_s
        return dataclasses.replace(result, worker_cpu_s=max(0.0, time.process_time() - begun - inside))

    def close(self) -> None:
        """End the zygote."""
        self._warm.close()

    def _attempt(self, job: Job, straight: StraightCandidate | None) -> JobResult:
        if job.limits.scratch_mb and self._warm.rung > rungs.NAMESPACES:
            return JobResult(error=rungs.no_scratch(self._warm.rung))
        if straight is not None:
            return _settled(self._guarded(job, straight), job, straight, 0)
        with SandboxedCandidate(self._warm, job.files, job.main, job.limits) as candidate:
            result = self._guarded(job, candidate)
        return _settled(result, job, candidate, self._warm.rung)

    def _guarded(self, job: Job, candidate: Candidate) -> JobResult:
        """Do a job, and answer with one line when the problem's own code fails."""
        try:
            return self._do(job, _Declared(candidate, self._setup.called))
        except WarmParentDied:
            raise
        except ProblemError as error:
            return JobResult(error=str(error))
        except (Exception, SystemExit) as error:  # noqa: BLE001  # border: a problem's own code may raise anything
            return JobResult(error=blame(error, self._setup.folder))

    def _straight_candidate(self, job: Job) -> StraightCandidate | None:
        """Return a handle that needs no border when the program is a straight-line program, else None."""
        text = job.files.get(job.main)
        if self._straight is None or text is None or len(job.files) != 1:
            return None
        try:
            handle = self._handle(text)
        except NotStraight:
            return None
        handle.rewind(job.limits.wall_s)
        return handle

    def _new_handle(self, text: str) -> StraightCandidate:
        assert self._straight is not None
        signature, functions = self._straight
        return StraightCandidate(read(text, signature), functions)

    def _read_primitives(self) -> tuple[Signature, Mapping[str, Callable[..., Any]]] | None:
        """Return what straight-line programs may call, when the problem wants them run without a fork."""
        if not self._setup.inline:
            return None
        blocks = self.description.primitives
        if blocks is None:
            raise ProblemError("sandbox.inline is for programs of primitives; write a primitives.py, or leave it out")
        module = sys.modules[blocks.module]
        return signature_of(blocks), {b.name: unmetered(getattr(module, b.name)) for b in blocks.primitives}

    def _do(self, job: Job, candidate: Candidate) -> JobResult:
        instance = job.instance or Instance("default")
        if job.kind == "evaluate":
            return self._evaluate(candidate, instance)
        if job.kind == "probe":
            return self._probe(candidate)
        if job.kind == "verify":
            return self._verify(job.payload, instance)
        if job.kind == "draw":
            return JobResult(value=dict(self._evaluator.draw(job.payload, instance)))
        if job.kind == "overview":
            return JobResult(value=dict(self._evaluator.overview(job.payload)))
        if job.kind == "explain":
            return JobResult(value=str(self._evaluator.explain(job.files, job.main)))
        return JobResult(error=f"unknown kind of job {job.kind!r}")

    def _evaluate(self, candidate: Candidate, instance: Instance) -> JobResult:
        try:
            outcome = self._evaluator.evaluate(candidate, instance)
        except CandidateError as error:
            return JobResult(outcome=Outcome.failed(Status(error.status), error.detail))
        if not isinstance(outcome, Outcome):
            given = type(outcome).__name__
            return JobResult(error=f"evaluate returned {given}; return Outcome.ok(score) or Outcome.invalid(reason)")
        return JobResult(outcome=dataclasses.replace(outcome, solution=_plain(outcome.solution, "solution")))

    def _probe(self, candidate: Candidate) -> JobResult:
        try:
            return JobResult(value=_plain(self._evaluator.probe(candidate), "probe"))
        except CandidateError as error:
            failed = Outcome.failed(Status(error.status), error.detail)
            return JobResult(outcome=failed, error=f"{error.status}: {error.detail}")

    def _verify(self, solution: Any, instance: Instance) -> JobResult:
        verdict = self._evaluator.verify(solution, instance)
        if not isinstance(verdict, Verdict):
            given = type(verdict).__name__
            return JobResult(error=f"verify returned {given}; return Verdict.ok(value) or Verdict.refused(reason)")
        return JobResult(value=dataclasses.replace(verdict, certificate=_plain(verdict.certificate, "certificate")))

    def _new_warm_parent(self) -> WarmParent:
        primitives = Path(self._setup.folder, "primitives.py").resolve()
        setup = self._setup
        warm = WarmParent(
            setup.preload,
            str(primitives) if primitives.is_file() else "",
            (setup.folder, *setup.hidden),
            setup.tier,
            setup.highest_rung,
        )
        refusal = rungs.refusal(warm.rung, warm.reasons, setup.required, setup.tier)
        if refusal:
            warm.close()
            raise EvolveError(refusal)
        return warm

    def _insist(self) -> None:
        """Send a hostile program through the sandbox before any candidate goes there."""
        rung, setup = self._warm.rung, self._setup
        if rung < rungs.LOWEST:
            found = selftest.leaks(self._warm, setup.folder, setup.tier)
            if found:
                self.close()
                what, said = next(iter(found.items()))
                raise EvolveError(f"isolation of rung {rung} does not hold here: a program could {what} ({said})")

    def _renew(self) -> None:
        self._warm.close()
        self._warm = self._new_warm_parent()


def _settled(result: JobResult, job: Job, candidate: SandboxedCandidate | StraightCandidate, rung: int) -> JobResult:
    """Add what is known once the candidate is gone: cost, rung, what it printed, a CPU limit that it overran."""
    outcome, cost, printed = result.outcome, candidate.cost, candidate.output.strip()
    if outcome is not None:
        if outcome.valid and 0 < job.limits.cpu_s < cost.cpu_s:
            outcome = Outcome.failed(
                Status.TIMEOUT, f"it used {cost.cpu_s:.3g} s of CPU time, more than the limit of {job.limits.cpu_s:g} s"
            )
        feedback = outcome.feedback
        if printed and not outcome.valid and job.kind == "evaluate":
            feedback = f"{feedback}\nIt printed:\n{printed[-_OUTPUT_SHOWN:]}"
        outcome = dataclasses.replace(outcome, feedback=feedback, cost=cost, rung=rung)
    return dataclasses.replace(result, outcome=outcome, cost=cost)


def blame(error: BaseException, folder: str | Path) -> str:
    """Return one line that says where a problem's own code failed, and with what.

    Args:
        error: what it raised.
        folder: the problem folder; the innermost frame in there is named.
    """
    said = " ".join("".join(traceback.format_exception_only(type(error), error)[-1:]).split())
    home = Path(folder).resolve()
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}:{error.lineno}: {said}"
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        file = Path(frame.filename)
        if file.resolve().is_relative_to(home):
            function = "" if frame.name == "<module>" else f" in {frame.name}"
            place = f"{file.name}:{frame.lineno}{function}: "
    return f"{place}{said}"


def _plain(value: Any, path: str) -> Any:
    """Return the same data with arrays and tuples as lists and numpy numbers as Python's.

    Raises:
        ProblemError: it is not plain data.
    """
    if value is None or type(value) in (bool, int, float, complex, str, bytes):
        return value
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        if value.dtype.kind not in "biufcSU":
            raise ProblemError(f"{path} holds an array of dtype {value.dtype}; give plain numbers")
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{path}[{key!r}]") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{path}[{index}]") for index, item in enumerate(value)]
    raise ProblemError(f"{path} holds a {type(value).__name__}; give plain data: numbers, strings, lists and dicts")
