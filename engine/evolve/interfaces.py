"""The base classes of everything that can be plugged in.

A plugin of any kind is a plain `@dataclass`; its init fields are its settings. Randomness is always an argument.
State changes only in `observe`, `Curriculum.update` and `Archive.add`: all others read it. So resume and replay are
free for plugin authors: the engine feeds the recorded events again, and nobody writes save and load.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from numpy.random import Generator

from evolve.actions import Action, Evaluate, Finish, MakeInstance, Propose, Retire
from evolve.border import Candidate, Description, Evaluator, Executor, Job, JobResult, Setup
from evolve.client import ModelClient, Models
from evolve.evaluation import Limits
from evolve.events import Event, Refused
from evolve.instance import Instance
from evolve.messages import Capabilities
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
    "ModelClient",
    "Models",
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

# --- strategies ------------------------------------------------------------------------------------------------------


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

    def kept(self) -> Iterable[Trial]:
        """Yield what it keeps, best first: finals look there for programs that are unlike the best ones."""
        return ()


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
    """Picks parents and inspirations. Its `select` must not change state; `observe` may."""

    @abstractmethod
    def select(self, archive: Iterable[Trial], rng: Generator) -> Selection:
        """Pick from trials that come best first.

        Args:
            archive: the trials of one niche, best first, at least one.
            rng: the random stream of this step.
        """

    def observe(self, trial: Trial, status: AddStatus) -> None:
        """Learn what became of a trial. Called for every finished trial, after the archive was offered it.

        Args:
            trial: the finished trial; `trial.parents` says who was picked for it.
            status: what the archive did with it.
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
        best_known: best published value by instance id, in the problem's direction.
        models: what each model of the run can do, by name; empty when the user named none.
        prompts: texts of the problem folder's own prompt templates, by file name.
    """

    name: str
    statement: str
    direction: str
    entry: str
    instances: Mapping[str, Instance]
    primitives: PrimitiveSet | None
    limits: Limits
    evolvable: tuple[str, ...] = ("*",)
    best_known: Mapping[str, float] = field(default_factory=dict)
    models: Mapping[str, Capabilities] = field(default_factory=dict)
    prompts: Mapping[str, str] = field(default_factory=dict)


class Context(Models, Protocol):
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

    def observe_refusal(self, refused: Refused) -> None:
        """Learn that a proposal led to no trial, such as an answer that was paid for and cannot be used.

        Args:
            refused: who made it, why it was turned away, and what its author noted.
        """

    def most_requests(self) -> int:
        """Return how many requests to models one proposal makes at most; 0 when it asks none."""
        return 0

    def longest_prompt(self) -> int:
        """Return how many tokens its longest request has, apart from earlier turns of the same conversation."""
        return 0

    def unfit(self, problem: ProblemFacts) -> str:
        """Return why this operator cannot work on a problem, or "" when it can."""
        return ""


# --- gates and curricula --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a gate says of a proposal: let it pass, or turn it away with a reason.

    Args:
        passed: whether it passes.
        reason: one line for its author, when it does not.
        notes: join the proposal's notes, whether it passes or not; plain data.
    """

    passed: bool
    reason: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def accept(cls, notes: Mapping[str, Any] | None = None) -> Ruling:
        """Let it pass."""
        return cls(True, notes=notes or {})

    @classmethod
    def reject(cls, reason: str, notes: Mapping[str, Any] | None = None) -> Ruling:
        """Turn it away; `reason` is one line for its author."""
        return cls(False, reason, notes or {})


class Gate(ABC):
    """Stands between proposal and evaluation."""

    @abstractmethod
    async def judge(self, proposal: Proposal, parents: Sequence[Trial], context: Context) -> Ruling:
        """Let a proposal pass, or turn it away."""

    def observe(self, trial: Trial) -> None:
        """Learn how a trial did."""


class Curriculum(ABC):
    """Chooses the instances that a stage judges a trial on, and may make new ones.

    Its `sample`, `go_on` and `revise` must not change state; `observe` and `update` may.
    """

    @abstractmethod
    def sample(self, instances: Sequence[Instance], rng: Generator) -> Sequence[Instance]:
        """Return the instances to use, in the order to use them. Do not change state here.

        Args:
            instances: those that the stage allows, at least one.
            rng: the random stream of this trial and stage.

        Returns:
            At least one of them, each once.
        """

    def go_on(self, trial: Trial, outcomes: Sequence[Scored]) -> bool:
        """Say whether a trial is worth judging on the next instance of a stage. Do not change state here.

        A trial that is given up counts as failed, as one below a stage's bar does: a mean over fewer instances would
        not compare.

        Args:
            trial: as it was proposed.
            outcomes: its outcomes of this stage so far, all valid, at least one.
        """
        return True

    def revise(self, instances: Sequence[Instance], rng: Generator) -> Sequence[MakeInstance | Retire]:
        """Say which instances join and which leave, now that something was learnt. Do not change state here.

        Called after each finished trial and each further outcome. A stage uses what its patterns name.

        Args:
            instances: the active ones that search sees.
            rng: the random stream of this change.
        """
        return ()

    def observe(self, trial: Trial) -> None:
        """Learn how a trial did. What it did on each instance is told to `update` right after it."""

    def update(self, trial: Trial, scored: Scored, instance: Instance) -> None:
        """Learn one outcome: of a finished trial, or one that a strategy asked for later.

        Args:
            trial: with all its outcomes so far.
            scored: the outcome.
            instance: what the trial was judged on.
        """
