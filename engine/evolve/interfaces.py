"""The base classes of everything that can be plugged in.

A plugin of any kind is a plain `@dataclass`; its init fields are its settings. Randomness is always an argument.
State changes only in `observe` and `Archive.add`: `decide`, `select` and `propose` read it. That one rule is what
makes resume and replay free for plugin authors: the engine feeds the recorded events again, and nobody writes save
and load.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from numpy.random import Generator

from evolve.evaluation import Cost, Limits, Outcome, Verdict
from evolve.events import Event
from evolve.instance import Instance
from evolve.primitives import PrimitiveSet
from evolve.trial import Proposal, Scored, Trial

__all__ = [
    "Action",
    "AddStatus",
    "Archive",
    "Candidate",
    "Context",
    "Curriculum",
    "Description",
    "Evaluate",
    "Evaluator",
    "Executor",
    "Finish",
    "Gate",
    "Job",
    "JobResult",
    "MakeInstance",
    "Mutator",
    "Niche",
    "ProblemFacts",
    "Propose",
    "Retire",
    "Ruling",
    "Selection",
    "Selector",
    "Setup",
    "Strategy",
    "View",
]


# --- what a strategy may ask for ------------------------------------------------------------------------------------


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
        instances: instance ids.
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


class View(Protocol):
    """What a strategy sees when it decides: the record so far, read-only."""

    @property
    def trials(self) -> int:
        """How many trials have entered."""

    @property
    def in_flight(self) -> Mapping[int, Action]:
        """Actions that are decided and not committed, by step."""

    @property
    def instances(self) -> Mapping[str, Instance]:
        """Active instances by id."""

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the problem's stages, cheapest first."""

    @property
    def best(self) -> Trial | None:
        """The valid trial of highest fitness."""

    @property
    def remaining(self) -> Mapping[str, float]:
        """What is left of each budget that has a limit, such as {"trials": 12.0}."""

    def trial(self, number: int) -> Trial:
        """Return a trial by its number."""

    def outcomes(self, number: int) -> Sequence[Scored]:
        """Return all outcomes of a trial."""

    def children(self, number: int) -> Sequence[int]:
        """Return the trials whose primary parent it is."""

    def ancestors(self, number: int) -> Iterator[int]:
        """Walk from its primary parent up to the root."""


class Strategy(ABC):
    """Decides what to do next. Subclass it as a `@dataclass`; its init fields are its settings."""

    @abstractmethod
    def decide(self, view: View, free: int, rng: Generator) -> Sequence[Action]:
        """Return up to `free` actions. Do not change state here.

        Args:
            view: the record so far.
            free: how many actions there is room for, >= 1.
            rng: the random stream of this step.
        """

    @abstractmethod
    def observe(self, event: Event, rng: Generator) -> None:
        """Learn from a fact; the only place where state may change."""


# --- archives and selectors -----------------------------------------------------------------------------------------


class AddStatus(StrEnum):
    """What became of a trial that was offered to an archive."""

    NEW = "new"
    IMPROVED = "improved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Niche:
    """A part of an archive to breed from.

    Args:
        name: goes into the child's notes as "niche", and comes back in `Archive.add`.
        members: its trials, best first.
        purpose: "improve", or "restart" when the niche needs new structure.
    """

    name: str
    members: Sequence[Trial]
    purpose: str = "improve"


class Archive(ABC):
    """Keeps valid trials. Subclass it as a `@dataclass`; keep private state in `field(init=False)`."""

    @abstractmethod
    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        """Offer a finished trial; one without fitness must be rejected without a trace."""

    @abstractmethod
    def __iter__(self) -> Iterator[Trial]:
        """Yield the trials it keeps, best first."""

    def __len__(self) -> int:
        """Return how many trials it keeps."""
        return sum(1 for _ in self)

    def niche(self, rng: Generator) -> Niche:
        """Pick the part to breed from next; a plain archive is its own only part."""
        return Niche("", tuple(self))


@dataclass(frozen=True, slots=True)
class Selection:
    """Parents, the primary one first, and further trials worth a look."""

    parents: tuple[Trial, ...]
    inspirations: tuple[Trial, ...] = ()


class Selector(ABC):
    """Picks parents and inspirations."""

    @abstractmethod
    def select(self, archive: Iterable[Trial], rng: Generator) -> Selection:
        """Pick from trials that come best first.

        Args:
            archive: the trials of one niche, best first, at least one.
            rng: the random stream of this step.
        """


# --- operators ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProblemFacts:
    """What an operator may know about a problem. No answers, no records.

    Args:
        name: of the problem.
        statement: the task in words, Markdown.
        direction: "maximise" or "minimise".
        entry: name of the function that the evaluator calls.
        instances: those that search sees, by id.
        primitives: the problem's building blocks, or None.
        limits: of one evaluation.
        evolvable: glob patterns of the files that may change.
    """

    name: str
    statement: str
    direction: str
    entry: str
    instances: Mapping[str, Instance]
    primitives: PrimitiveSet | None
    limits: Limits
    evolvable: tuple[str, ...] = ("*",)


class Context(Protocol):
    """What a mutator may use while it makes one proposal."""

    @property
    def problem(self) -> ProblemFacts:
        """The problem."""

    @property
    def rng(self) -> Generator:
        """The random stream of this proposal."""

    @property
    def purpose(self) -> str:
        """Why a program is wanted: "improve" or "restart"."""

    @property
    def operator(self) -> str:
        """The operator asked for by name, or ""."""

    @property
    def inspirations(self) -> Sequence[Trial]:
        """Further trials worth a look."""

    @property
    def best(self) -> Trial | None:
        """The best trial so far."""

    def solution(self, number: int) -> Mapping[str, Any]:
        """Return what a trial's program answered: plain data by instance id; empty when it is not valid."""

    def trial(self, number: int) -> Trial:
        """Return a trial by its number."""


class Mutator(ABC):
    """A variation operator. Its `propose` must not change state; `observe` may."""

    purposes: ClassVar[frozenset[str]] = frozenset({"improve"})
    """What it is good for: "improve", "restart", or both."""

    @abstractmethod
    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        """Return changed programs, or `Proposal.refused(...)` when there is nothing to change.

        Args:
            parents: the primary parent first; empty for a fresh start.
            context: the problem, the random stream, and what else it may use.
        """

    def observe(self, trial: Trial, parents: Sequence[Trial]) -> None:
        """Learn how a trial did. Called for every committed trial of the run, in the order of commit.

        Args:
            trial: the finished trial; `trial.operator` says who made it, `trial.notes` what its author noted.
            parents: its parents.
        """

    def unfit(self, problem: ProblemFacts) -> str:
        """Return why this operator cannot work on a problem, or "" when it can."""
        return ""


# --- gates and curricula --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a gate says of a proposal: let it pass, or turn it away with a reason."""

    passed: bool
    reason: str = ""

    @classmethod
    def accept(cls) -> Ruling:
        """Let it pass."""
        return cls(True)

    @classmethod
    def reject(cls, reason: str) -> Ruling:
        """Turn it away; `reason` is one line for its author."""
        return cls(False, reason)


class Gate(ABC):
    """Stands between proposal and evaluation."""

    @abstractmethod
    async def judge(self, proposal: Proposal, parents: Sequence[Trial], context: Context) -> Ruling:
        """Let a proposal pass, or turn it away."""

    def observe(self, trial: Trial) -> None:
        """Learn how a trial did."""


class Curriculum(ABC):
    """Chooses the instances that a stage judges a trial on."""

    @abstractmethod
    def sample(self, instances: Sequence[Instance], rng: Generator) -> Sequence[Instance]:
        """Return the instances to use, out of those that the stage allows. Do not change state here."""

    def observe(self, trial: Trial) -> None:
        """Learn how a trial did."""


# --- judging --------------------------------------------------------------------------------------------------------


class Candidate(Protocol):
    """The evaluator's handle on a program that runs on the other side of the border."""

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the program's main file and return its answer as plain data.

        Plain data are None, bool, int, float, complex, str, bytes, lists, dicts with string keys and read-only
        numeric arrays; tuples come back as lists. NaN and infinity are data: check for them.

        Raises:
            CandidateError: the program did not answer: it raised, died, ran out of time, or answered something else.
        """


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
    """

    folder: str
    evaluator: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    entry: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    preload: tuple[str, ...] = ("numpy",)


@dataclass(frozen=True, slots=True)
class Description:
    """What a problem's evaluator offers.

    Args:
        instances: the instances it judges on, at least one, ids unique.
        primitives: the problem's building blocks, or None.
        probe: it can fingerprint behaviour.
        verify: it has an exact check.
        draw: it can draw a solution.
    """

    instances: tuple[Instance, ...]
    primitives: PrimitiveSet | None = None
    probe: bool = False
    verify: bool = False
    draw: bool = False


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


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of trusted work.

    Args:
        kind: "evaluate" (answers with an outcome), "probe", "verify" or "draw" (answer with a value).
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
        outcome: of an "evaluate" job.
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
