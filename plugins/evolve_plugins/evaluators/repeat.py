"""`Repeat`: judge a program several times, and report the mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import fmean, pstdev
from typing import Annotated

from pydantic import Field

from evolve.evaluation import Outcome
from evolve.instance import Instance
from evolve.interfaces import Candidate, Evaluator
from evolve_plugins.evaluators.delegating import Delegating

__all__ = ["Repeat"]


@dataclass
class Repeat(Delegating):
    """Evaluate several times, each time in a fresh process, and take the mean score; the spread goes into the metrics.

    For judges that draw random numbers or measure time. `instance.repeat` counts 0, 1, 2, ...: use it as the seed, for
    candidates themselves draw the same numbers in every process. The first repetition without a score ends it, and is
    the outcome. The solution is that of the repetition nearest to the mean. The limits hold for all of them together.

    Args:
        evaluator: who judges each time.
        times: how often.
    """

    evaluator: Evaluator
    times: Annotated[int, Field(ge=2)] = 3

    @property
    def _chief(self) -> Evaluator:
        return self.evaluator

    def evaluate(self, candidate: Candidate, instance: Instance) -> Outcome:
        """Return the mean of the repetitions, or the first that has no score."""
        done: list[Outcome] = []
        for number in range(self.times):
            if number:
                candidate.restart()
            numbered = replace(instance, params={**instance.params, "repeat": number})
            outcome = self.evaluator.evaluate(candidate, numbered)
            if not outcome.valid:
                return outcome
            done.append(outcome)
        scores = [outcome.score for outcome in done if outcome.score is not None]
        mean = fmean(scores)
        typical = min(done, key=lambda outcome: abs((outcome.score or 0.0) - mean))
        spread = {"score_sd": pstdev(scores), "score_min": min(scores), "score_max": max(scores)}
        return replace(
            typical,
            score=mean,
            metrics={**_means(outcome.metrics for outcome in done), **spread},
            measures=_means(outcome.measures for outcome in done),
        )


def _means(several: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each number that all of them have."""
    tables = list(several)
    return {key: fmean(table[key] for table in tables) for key in tables[0] if all(key in table for table in tables)}
