"""The trusted side of judging: what evaluators and executors are, and the jobs that pass between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from evolve.evaluation import Cost, Limits, Outcome, Verdict
from evolve.instance import Instance
from evolve.primitives import PrimitiveSet

__all__ = ["Candidate", "Description", "Evaluator", "Executor", "Job", "JobResult", "Setup"]


class Candidate(Protocol):
    """The evaluator's handle on a program that runs on the other side of the border."""

    @property
    def inline(self) -> bool:
        """True for a straight-line program that runs on this side, where nothing is copied on the way."""

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the program's main file and return its answer as plain data.

        Plain data are None, bool, int, float, complex, str, bytes, lists, dicts with string keys and read-only
        numeric arrays; tuples come back as lists. NaN and infinity are data: check for them.

        Raises:
            CandidateError: the program did not answer: it raised, died, ran out of time, or answered something else.
        """

    def restart(self) -> None:
        """End the program's process: the next call starts a new one, on what is left of the limits."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker needs to judge a problem's candidates.

    Args:
        folder: the problem folder.
        evaluator: which evaluator to load, as "module:Class".
        settings: the evaluator's own settings.
        entry: signature of the entry function, such as "pack(n: int) -> Circles".
        params: the problem's free parameters, handed to `instances(**params)`.
        preload: modules that the warm parent of all candidates imports once, such as ("numpy",).
        tier: what candidates may start: "pure" nothing, "threads" threads, "processes" other programs, too.
        required: the weakest isolation to accept, a rung from 1 (best) to 4.
        highest_rung: the best isolation to try; 1 unless a test wants a weaker one.
        hidden: folders that candidates may not see, beside the problem's own.
        called: names of all functions that the evaluator calls; empty when the problem does not say.
        inline: straight-line programs of the problem's primitives run in the worker itself, without a fork.
    """

    folder: str
    evaluator: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    entry: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    preload: tuple[str, ...] = ("numpy",)
    tier: str = "threads"
    required: int = 3
    highest_rung: int = 1
    hidden: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Description:
    """What a problem's evaluator offers.

    Args:
        instances: the instances it judges on, at least one, ids unique.
        primitives: the problem's building blocks, or None.
        probe: it can fingerprint behaviour.
        verify: it has an exact check.
        draw: it can draw a solution.
        overview: it can draw what a program did on all instances together.
        explain: it can say something about a program.
    """

    instances: tuple[Instance, ...]
    primitives: PrimitiveSet | None = None
    probe: bool = False
    verify: bool = False
    draw: bool = False
    overview: bool = False
    explain: bool = False


class Evaluator(ABC):
    """Judges candidates; runs in a trusted worker process that outlives them.

    Any method may raise `ProblemError` with one line that names the file and the mistake.
    """

    @abstractmethod
    def open(self, setup: Setup) -> Description:
        """Load the problem: called once in each worker, before anything else."""

    @abstractmethod
    def evaluate(self, candidate: Candidate, instance: Instance) -> Outcome:
        """Return what happened. A `CandidateError` may pass through."""

    def probe(self, candidate: Candidate) -> Any:
        """Return plain data that is equal for programs that behave the same, cheaply. Only asked when offered."""
        raise NotImplementedError

    def verify(self, solution: Any, instance: Instance) -> Verdict:
        """Check a solution exactly, sharing no code with `evaluate`. Only asked when offered."""
        raise NotImplementedError

    def draw(self, solution: Any, instance: Instance) -> Mapping[str, bytes]:
        """Return pictures of a solution by file ending, such as {"svg": ..., "png": ...}. Only asked when offered."""
        raise NotImplementedError

    def overview(self, results: Sequence[Mapping[str, Any]]) -> Mapping[str, bytes]:
        """Return pictures of what a program did on all its instances. Only asked when offered.

        Args:
            results: one mapping per valid outcome: instance (an `Instance`), stage, score, metrics, measures, solution.
        """
        raise NotImplementedError

    def explain(self, files: Mapping[str, str], main: str) -> str:
        """Return a text for people about the winning program. Only asked when offered.

        Args:
            files: the program's texts by path. It is untrusted: read it, do not run it.
            main: its main file.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of trusted work.

    Args:
        kind: "evaluate" (answers with an outcome), "probe", "verify", "draw", "overview" or "explain" (answer with
            a value).
        files: the candidate's files; empty for work that runs none.
        main: its main file.
        instance: what to judge on.
        limits: what it may use.
        payload: further plain data, such as the solution to verify.
    """

    kind: str
    files: Mapping[str, str] = field(default_factory=dict)
    main: str = ""
    instance: Instance | None = None
    limits: Limits = field(default_factory=Limits)
    payload: Any = None


@dataclass(frozen=True, slots=True)
class JobResult:
    """The answer to a job.

    Args:
        outcome: of an "evaluate" job; of a probe, only when the candidate failed in it.
        value: of any other job: a probe's plain data, a `Verdict`, or pictures.
        error: one line when the problem's own code failed (also in a probe: when the candidate did), else "".
        cost: what the candidate used, 0 where none ran.
        worker_cpu_s: CPU seconds of the trusted side.
    """

    outcome: Outcome | None = None
    value: Any = None
    error: str = ""
    cost: Cost = field(default_factory=Cost)
    worker_cpu_s: float = 0.0


class Executor(ABC):
    """Where jobs run."""

    @abstractmethod
    async def start(self, setup: Setup) -> Description:
        """Bring up the workers and return what the problem offers.

        Raises:
            ProblemError: the problem's own code does not load.
            EvolveError: the workers cannot start.
        """

    @abstractmethod
    async def run(self, job: Job) -> JobResult:
        """Run one job; waits for a free worker. Cancelling it kills the candidate."""

    @property
    @abstractmethod
    def capacity(self) -> int:
        """How many jobs run at once."""

    @abstractmethod
    async def close(self) -> None:
        """Kill what still runs and leave no process behind."""
