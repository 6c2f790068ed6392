"""`Funnel`: promising trials climb a ladder of costlier stages, a few at a time.

Every proposal is judged on the first stage only. Of the trials that a rung has seen, the best `keep` may climb to the
next one; whoever is among them and has not climbed yet goes first, the highest rung before the lower ones, and only
slots that nobody needs for climbing go to new proposals. Nobody waits for a rung to fill up: asynchronous successive
halving. The best of a run is the best of the highest rung that any trial has reached.

Reference: Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

from numpy.random import Generator
from pydantic import Field

from evolve import Strategy, Trial
from evolve.errors import ConfigError
from evolve.events import Committed, Event, Measured
from evolve.interfaces import Action, Evaluate, Propose, View

__all__ = ["Funnel"]


@dataclass
class _Rung:
    """What one stage has seen, best first, and which of these have not climbed on."""

    seen: list[tuple[float, int]] = field(default_factory=list)
    waiting: list[tuple[float, int]] = field(default_factory=list)
    _places: dict[int, tuple[float, int]] = field(default_factory=dict)

    def enter(self, trial: Trial) -> None:
        """Put a trial where its fitness is now; one that is not valid is taken away."""
        old = self._places.pop(trial.number, None)
        if old is not None:
            self.seen.pop(bisect_left(self.seen, old))
        self.leave(trial.number, old)
        if trial.fitness is not None:
            place = self._places[trial.number] = (-trial.fitness, trial.number)
            insort(self.seen, place)
            insort(self.waiting, place)

    def leave(self, number: int, place: tuple[float, int] | None = None) -> None:
        """Note that a trial has climbed on."""
        place = place or self._places.get(number)
        index = bisect_left(self.waiting, place) if place is not None else len(self.waiting)
        if index < len(self.waiting) and self.waiting[index] == place:
            del self.waiting[index]


@dataclass
class Funnel(Strategy):
    """Lets promising trials climb the problem's stages (see the module for the algorithm).

    Args:
        strategy: proposes; it sees how trials did on the first stage.
        keep: share of a rung's trials that may climb to the next one.
        teach: let it see each outcome of the higher stages, too. Then the scores of all stages must be comparable, as
            when those of the first one end where a fair program of the next one begins.
    """

    strategy: Strategy
    keep: Annotated[float, Field(gt=0, lt=1)] = 1 / 3
    teach: bool = False
    _rungs: dict[str, _Rung] = field(default_factory=dict, init=False, repr=False)

    def decide(self, view: View, free: int, rng: Generator) -> Sequence[Action]:
        """Let climb who may, and propose with the slots that are left.

        Raises:
            ConfigError: the problem has fewer than two stages.
        """
        if len(view.stages) < 2:
            raise ConfigError("strategy 'funnel' needs a problem with at least two [[stages]], cheapest first")
        climbing = [*self._climbers(view)][:free]
        fresh = self.strategy.decide(view, free - len(climbing), rng) if free > len(climbing) else ()
        first = view.stages[:1]
        return [*climbing, *(replace(a, stages=first) if isinstance(a, Propose) else a for a in fresh)]

    def observe(self, event: Event, rng: Generator) -> None:
        """Note how far a trial got, and let the proposing strategy learn from first stages."""
        match event:
            case Committed(trial=Trial() as trial):
                if trial.leader == trial.number:  # others of its class would take its places once more
                    for stage in dict.fromkeys(scored.stage for scored in trial.outcomes):
                        self._reach(stage, trial)
                self.strategy.observe(event, rng)
            case Measured(trial=Trial() as trial, scored=scored) if scored is not None:
                self._reach(scored.stage, trial)
                if self.teach:
                    self.strategy.observe(Committed(event.step, trial), rng)
            case _:
                self.strategy.observe(event, rng)

    def _reach(self, stage: str, trial: Trial) -> None:
        """Put a trial on a rung; it has left those below."""
        for name, rung in self._rungs.items():
            if name != stage:
                rung.leave(trial.number)
        self._rungs.setdefault(stage, _Rung()).enter(trial)

    def _climbers(self, view: View) -> Iterator[Evaluate]:
        """Yield the climbs that are due, the highest first."""
        under_way = {(a.trial, a.stage) for a in view.in_flight.values() if isinstance(a, Evaluate)}
        for stage, above in reversed([*zip(view.stages, view.stages[1:], strict=False)]):
            rung = self._rungs.get(stage, _Rung())
            allowed = int(len(rung.seen) * self.keep)
            for entry in rung.waiting:
                if bisect_left(rung.seen, entry) >= allowed:
                    break
                if (entry[1], above) not in under_way:
                    yield Evaluate(entry[1], (), above)
