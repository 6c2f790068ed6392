"""`Syllabus`: on which instances a stage judges a trial, as a curriculum has it, or else on all that it may."""

from __future__ import annotations

import copy
import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evolve.blaming import blaming
from evolve.errors import PluginError, ProblemError
from evolve.evaluation import Limits
from evolve.instance import Instance
from evolve.interfaces import Curriculum
from evolve.state import RunState
from evolve.streams import stream
from evolve.trial import Scored, Trial

__all__ = ["Stage", "Syllabus"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One rung of the ladder.

    Args:
        name: of the stage.
        instances: glob patterns of the instance ids it judges on.
        limits: of one evaluation.
        min_fitness: a trial below it goes no further; None lets every valid trial pass.
        finalists: how many of the best are judged there once the search has ended; 0 for a stage of the search.
    """

    name: str
    instances: tuple[str, ...]
    limits: Limits
    min_fitness: float | None = None
    finalists: int = 0

    def takes(self, instance: Instance) -> bool:
        """Tell whether its patterns name an instance."""
        return any(fnmatch.fnmatchcase(instance.id, pattern) for pattern in self.instances)


@dataclass
class Syllabus:
    """Asks the curriculum, where there is one.

    In a run of fixed order a trial is judged by what was known when it was announced, whatever is committed before it
    is asked for.

    Args:
        state: of the run.
        curriculum: picks a stage's instances, or None to use them all.
        seed: of the run.
        ordered: answers must not depend on the timing.
    """

    state: RunState
    curriculum: Curriculum | None
    seed: int
    ordered: bool
    _then: dict[int, tuple[Curriculum | None, Sequence[Instance]]] = field(default_factory=dict, init=False, repr=False)

    def announce(self, number: int) -> None:
        """Say that a trial will be judged."""
        if self.ordered:
            self._then[number] = copy.deepcopy(self.curriculum), tuple(self.state.instances.values())

    def settle(self, number: int) -> None:
        """Say that a trial is judged."""
        self._then.pop(number, None)

    def go_on(self, trial: Trial, outcomes: Sequence[Scored]) -> bool:
        """Tell whether a trial is worth judging on the next instance of a stage."""
        guide, _ = self._known(trial.number)
        if guide is None:
            return True
        with blaming(guide, "go_on"):
            return guide.go_on(trial, outcomes)

    def instances(self, stage: Stage, trial: Trial, done: Mapping[tuple[str, str], Scored]) -> Sequence[Instance]:
        """Return what a stage judges a trial on: first what a crash left of it in the record, in that order.

        Args:
            stage: of the ladder.
            trial: as it was proposed.
            done: its outcomes in the record, by stage and instance.
        """
        guide, active = self._known(trial.number)
        allowed = self.allowed(stage, active)
        if guide is None:
            return allowed
        recorded = [self.state.instance(name) for where, name in done if where == stage.name]
        if recorded and list(done)[-1][0] != stage.name:
            return recorded  # a later stage was begun
        with blaming(guide, "sample"):
            sampled = guide.sample(allowed, stream(self.seed, trial.number, f"curriculum/{stage.name}"))
        picked = _those_of(allowed, sampled, type(guide).__name__)
        further = [instance for instance in picked if instance not in recorded]
        return [*recorded, *further[: max(0, len(picked) - len(recorded))]]

    def allowed(self, stage: Stage, active: Sequence[Instance] | None = None) -> Sequence[Instance]:
        """Return the instances that a stage may judge on.

        Args:
            stage: of the ladder.
            active: those to choose among; None are the ones that are active now.

        Raises:
            ProblemError: there is none.
        """
        among = self.state.instances.values() if active is None else active
        allowed = [instance for instance in among if instance.split == "train" and stage.takes(instance)]
        if not allowed:
            raise ProblemError(f'stage {stage.name!r} has no instance to judge on: none of split "train" is active')
        return allowed

    def _known(self, number: int) -> tuple[Curriculum | None, Sequence[Instance] | None]:
        return self._then.get(number, (self.curriculum, None))


def _those_of(allowed: Sequence[Instance], picked: Sequence[Instance], name: str) -> Sequence[Instance]:
    """Return what a curriculum picked, or raise unless it is at least one of the allowed instances, each once."""
    known = {instance.id: instance for instance in allowed}
    ids = [str(getattr(instance, "id", "")) for instance in picked] if isinstance(picked, Sequence) else []
    for place, instance_id in enumerate(ids):
        if instance_id not in known:
            wrong = f"{picked[place]!r}, which it was not given"
            break
        if instance_id in ids[:place]:
            wrong = f"{instance_id!r} more than once"
            break
    else:
        if ids:
            return [known[instance_id] for instance_id in ids]
        wrong = f"{picked!r}"
    raise PluginError(f"curriculum {name}: sample returned {wrong}; return some of {', '.join(known)}, each once")
