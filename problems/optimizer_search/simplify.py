"""A found rule in its simplest form: what makes no or little difference goes, and algebra does the rest.

Reference: Chen et al., "Symbolic discovery of optimization algorithms", arXiv:2302.06675, 2023, section 2.4: statements
without effect are removed, then those with little effect, then a person rewrites. Here rewriting is a program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from evolve_problems._shared import formula as shared
from evolve_problems._shared.training import TrainingTask
from evolve_problems.optimizer_search.algebra import Algebra
from evolve_problems.optimizer_search.language import LANGUAGE, parsed, score_on
from evolve_problems.optimizer_search.normal_form import NormalForm, normal_form
from evolve_problems.optimizer_search.writing import code

from evolve.straight import Argument, StraightProgram, dataflow_key, read, write

__all__ = ["Simplified", "Yardstick", "simplify", "without_idle_slots"]

_DIGITS = (2, 3, 4, 6)  # two at least: 0.899 may become 0.90 and 0.997 may not become 1
_SINGLE = 0.1  # what a single task may lose, where the tolerance is not larger


@dataclass(frozen=True)
class Simplified:
    """A rule in its simplest form.

    Args:
        form: as expressions.
        source: as a straight-line program.
        statements: how many it had: as it was found, those that reach an update, and in the end.
        scores: mean over the training tasks, before and after.
    """

    form: NormalForm
    source: str
    statements: tuple[int, int, int]
    scores: tuple[float, float]


class Yardstick:
    """Tells whether a changed rule still trains about as well.

    Args:
        program: the rule to begin with.
        tasks: what it is tried on, the cheapest first.
        tolerance: how much the mean score may fall.
        judge: the score of a rule on a task.
    """

    def __init__(
        self,
        program: StraightProgram,
        tasks: Sequence[TrainingTask],
        tolerance: float,
        judge: Callable[[StraightProgram, TrainingTask], float] = score_on,
    ) -> None:
        self._tasks, self._judge, self._tolerance = tasks, judge, tolerance
        self.scores = [judge(program, task) for task in tasks]
        self.mean = sum(self.scores) / len(tasks)
        self._known: dict[str, bool] = {}

    def same(self, program: StraightProgram) -> bool:
        """Tell whether no task loses much, and all together lose no more than the tolerance."""
        key = dataflow_key(program)
        if key not in self._known:
            self._known[key] = self._measure(program)
        return self._known[key]

    def score(self, program: StraightProgram) -> float:
        """Return the mean score of a program."""
        return sum(self._judge(program, task) for task in self._tasks) / len(self._tasks)

    def _measure(self, program: StraightProgram) -> bool:
        found = []
        for task, before in zip(self._tasks, self.scores, strict=True):
            found.append(self._judge(program, task))
            if not found[-1] >= before - max(_SINGLE, self._tolerance):
                return False
        return sum(found) / len(found) >= self.mean - self._tolerance


def simplify(source: str, yardstick: Callable[[StraightProgram], Yardstick]) -> Simplified:
    """Return the simplest form found of a straight-line rule.

    Args:
        source: the rule.
        yardstick: makes what tells whether a change matters.

    Raises:
        ValueError: it is no straight-line program.
    """
    live = without_idle_slots(parsed(source))
    measure = yardstick(live)
    program = _rewritten(shared.simplify(live, measure.same, _DIGITS), measure)
    program = _rewritten(shared.simplify(program, measure.same, _DIGITS), measure)
    form = normal_form(program, Algebra(LANGUAGE.functions))
    text = code(form)
    if not measure.same(parsed(text)):  # a rewrite that holds only away from 0: rather the longer program
        text = write(program, LANGUAGE.blocks)
    counts = (len(read(source, LANGUAGE.blocks).statements), len(live.statements), len(program.statements))
    return Simplified(form, text, counts, (measure.mean, measure.score(program)))


def without_idle_slots(program: StraightProgram) -> StraightProgram:
    """Return a rule whose slots of state are 0 where they never reach an update, without the statements for them.

    Args:
        program: an update rule.
    """
    slots = program.parameters[3:]
    reads = [_parameters_of(program, result) for result in program.results]
    wanted = reads[0] & set(slots)
    while True:
        more = wanted.union(*(reads[1 + slots.index(name)] & set(slots) for name in wanted))
        if more == wanted:
            break
        wanted = more
    kept = tuple(result if name in wanted else 0.0 for name, result in zip(slots, program.results[1:], strict=True))
    return replace(program, results=(program.results[0], *kept)).pruned()


def _parameters_of(program: StraightProgram, result: Argument) -> set[str]:
    """Return the arguments of the entry function that a result depends on."""
    if type(result) is not str:
        return set()
    parts = replace(program, results=(result,)).pruned()
    given = {statement.target for statement in parts.statements}
    return {name for statement in parts.statements for name in statement.names} - given | ({result} - given)


def _rewritten(program: StraightProgram, measure: Yardstick) -> StraightProgram:
    plain = parsed(code(normal_form(program, Algebra(LANGUAGE.functions))))
    return plain if measure.same(plain) else program
