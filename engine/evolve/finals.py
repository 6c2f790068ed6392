"""`Finals`: when a search has ended, its best programs are judged on what it never saw, and one of them wins.

The search has picked its best on the instances it trained on, so that their scores flatter them. A stage with
`finalists` judges a few of the best again, on instances of any split, and passes the better ones on to the next such
stage: a validation stage chooses, and a sealed test stage with one finalist says what the choice is worth. Nothing of
this reaches a strategy or an operator.

The very best of a search are often one idea with slightly different numbers, and share what is wrong with it. So every
other finalist is the best that is left of what the strategy keeps, such as the elites of an archive's niches.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from evolve.events import Examined
from evolve.ladder import Ladder, Stage
from evolve.record import LADDER_PLACES
from evolve.state import RunState
from evolve.trial import Trial

__all__ = ["Finals"]

_FIRST_PLACE = LADDER_PLACES << 24
"""Outcomes of finals come after all others of their trial."""
_HEED_S = 0.2


@dataclass
class Finals:
    """Holds the finals of a run.

    Args:
        state: of the run; only read.
        kept: what the strategy keeps, best first.
        ladder: judges.
        stages: those with finalists, in order.
        note: called with the result of each stage.
    """

    state: RunState
    kept: Callable[[], Iterable[Trial]]
    ladder: Ladder
    stages: Sequence[Stage]
    note: Callable[[Examined], None]
    under_way: str = field(default="", init=False)
    """What is being judged right now, in words."""

    async def hold(self, answer: int | None, stopped: Callable[[], bool]) -> int | None:
        """Return the number of the trial that wins, or None when there are no finals or they are broken off.

        Args:
            answer: the trial that the strategy chose, which is then the only finalist.
            stopped: tells whether somebody asked for the end.
        """
        most = max((stage.finalists for stage in self.stages), default=0)
        left = self._best(most) if answer is None else [self.state.trial(answer)]
        winner = None
        for number, stage in enumerate(self.stages):
            place = _FIRST_PLACE + number * LADDER_PLACES
            self.under_way = f"judging {min(len(left), stage.finalists)} of the best on {stage.name}"
            work = asyncio.gather(*(self._judge(trial, stage, place) for trial in left[: stage.finalists]))
            while not work.done():
                await asyncio.wait([work], timeout=_HEED_S)
                if stopped() and not work.done():
                    work.cancel()
                    await asyncio.gather(work, return_exceptions=True)
                    return None
            ranked = sorted(work.result(), key=_fitness, reverse=True)
            if not ranked:
                return None
            left, winner = [trial for trial, _, _ in ranked], ranked[0][0].number
            self.note(Examined(-1, stage.name, tuple((trial.number, score) for trial, score, _ in ranked)))
        return winner

    def _best(self, count: int) -> list[Trial]:
        """Return trials of different classes, at most so many: in turn the best of all, and the best that is kept."""
        found: dict[int, Trial] = {}
        sources = [iter(self.state.ranking.best_first()), (trial.number for trial in self.kept())]
        while sources and len(found) < count:
            source = sources.pop(0)
            for number in source:
                leader = self.state.trial(number).leader
                if leader not in found:
                    found[leader] = self.state.trial(leader)
                    sources.append(source)
                    break
        return list(found.values())

    async def _judge(self, trial: Trial, stage: Stage, place: int) -> tuple[Trial, float | None, float | None]:
        outcomes = await self.ladder.examine(trial, stage, place)
        return trial, *self.ladder.score(outcomes)


def _fitness(found: tuple[Trial, float | None, float | None]) -> float:
    return -math.inf if found[2] is None else found[2]
