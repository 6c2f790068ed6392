"""A search over straight-line programs in the engine's own process: the space, its mutation, an aging population."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from numpy.random import Generator, default_rng

from evolve import AddStatus, Archive, Context, Executor, Instance, Mutator, Outcome, Proposal, Trial, hookimpl
from evolve.interfaces import Description, Job, JobResult, Setup

STATEMENTS = "abcdefghij"
SMOOTH = ("{} + {}", "{} - {}", "{} * {}", "sin({} + {})", "cos({} * {})", "tanh({} - {})")
KINKED = ("max({}, {})", "min({}, {})", "abs({} - {})")
OPERATIONS = (*SMOOTH, *KINKED)
LEAVES = ("x", "y", "0.5", "2.0")
_POINTS = default_rng(11).uniform(-1.0, 1.0, size=(60, 2)).tolist()
PROBED, JUDGED = _POINTS[:10], _POINTS[10:]


def surface(x: float, y: float) -> float:
    """Return what a program should answer."""
    return abs(x * y - 0.5 * x) + max(y * y, x) - 0.25


def statement(place: int, operations: Sequence[str], rng: Generator) -> tuple[str, str, str]:
    """Return a random operation with its two arguments, which may be any earlier value."""
    known = (*LEAVES, *STATEMENTS[:place])
    first, second = (known[int(rng.integers(len(known)))] for _ in range(2))
    return operations[int(rng.integers(len(operations)))], first, second


def text_of(statements: Sequence[tuple[str, str, str]]) -> str:
    """Return a program's text."""
    lines = [f"    {STATEMENTS[i]} = {op.format(a, b)}" for i, (op, a, b) in enumerate(statements)]
    return "\n".join(["def answer(x, y):", *lines, f"    return {STATEMENTS[len(statements) - 1]}", ""])


def answers(text: str, points: Sequence[Sequence[float]]) -> list[float]:
    """Return what a program answers at some points."""
    space: dict[str, object] = {"sin": math.sin, "cos": math.cos, "tanh": math.tanh}
    exec(text, space)
    answer = space["answer"]
    assert callable(answer)
    return [float(answer(x, y)) for x, y in points]


@dataclass
class Expressions(Executor):
    """Runs programs, which cannot do harm, where it stands."""

    workers: int = 1

    async def start(self, setup: Setup) -> Description:
        """Offer one instance and a probe."""
        return Description((Instance("surface"),), probe=True)

    async def run(self, job: Job) -> JobResult:
        """Probe at ten points, or judge at fifty others."""
        text = job.files[job.main]
        if job.kind == "probe":
            return JobResult(value=answers(text, PROBED))
        errors = [(found - surface(*point)) ** 2 for found, point in zip(answers(text, JUDGED), JUDGED, strict=True)]
        return JobResult(Outcome.ok(-math.sqrt(min(sum(errors) / len(errors), 1e300))))

    @property
    def capacity(self) -> int:
        """One at a time."""
        return self.workers

    async def close(self) -> None:
        """There is nothing to close."""


@dataclass
class Statement(Mutator):
    """Changes one statement: its operation, or one of its arguments; or writes all of them anew.

    Args:
        anew: write a random program instead, whatever the parent.
        kinks: use `max`, `min` and `abs`, too: programs that differ in a corner only, which ten points may miss.
    """

    anew: bool = False
    kinks: bool = False

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        """Return a child whose text differs from its parent's."""
        parent, rng = parents[0] if parents else context.trial(0), context.rng
        operations = OPERATIONS if self.kinks else SMOOTH
        if self.anew or parent.number == 0:
            made = [statement(place, operations, rng) for place in range(len(STATEMENTS))]
            return [Proposal(parent.program.child({"program.py": text_of(made)}), "anew", (parent.number,))]
        made = [parts(line) for line in parent.program.text.splitlines()[1:-1]]
        place, what = int(rng.integers(len(made))), int(rng.integers(3))
        while (new := statement(place, operations, rng))[what] == made[place][what]:
            pass
        made[place] = tuple(new[i] if i == what else made[place][i] for i in range(3))
        return [Proposal(parent.program.child({"program.py": text_of(made)}), "statement", (parent.number,))]


def parts(line: str) -> tuple[str, str, str]:
    """Read a statement that `text_of` wrote."""
    said = line.partition("= ")[2]
    for operation in OPERATIONS:
        head, middle, tail = operation.split("{}")
        inner = said[len(head) : len(said) - len(tail)]
        if said.startswith(head) and said.endswith(tail) and middle in inner:
            first, _, second = inner.partition(middle)
            if " " not in first + second and "(" not in first + second:
                return operation, first, second
    raise ValueError(line)


@dataclass
class Regularised(Archive):
    """A population in which the oldest makes room, however good it is.

    Args:
        size: trials that live.

    Reference: Real et al., "Regularized evolution for image classifier architecture search", AAAI 2019.
    """

    size: int = 100
    _alive: deque[Trial] = field(default_factory=deque, init=False, repr=False)

    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        """Take a valid trial in, and let the oldest go."""
        if trial.fitness is None:
            return AddStatus.REJECTED
        self._alive.append(trial)
        if len(self._alive) > self.size:
            self._alive.popleft()
        return AddStatus.NEW

    def __iter__(self) -> Iterator[Trial]:
        """Yield the living, best first."""
        yield from sorted(self._alive, key=lambda trial: (-(trial.fitness or 0.0), trial.number))


@hookimpl
def evolve_executors() -> dict[str, type[Executor]]:
    """Name the executor."""
    return {"expressions": Expressions}


@hookimpl
def evolve_mutators() -> dict[str, type[Mutator]]:
    """Name the mutator."""
    return {"statement": Statement}


@hookimpl
def evolve_archives() -> dict[str, type[Archive]]:
    """Name the population."""
    return {"regularised": Regularised}
