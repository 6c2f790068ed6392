"""`Lexicase`: parents that are good at some instances, each judged in an order of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field

from evolve import Selection, Selector, Trial

__all__ = ["Lexicase"]

_Matrix = NDArray[np.float64]


@dataclass
class Lexicase(Selector):
    """Take the instances in random order; after each only those stay that come within epsilon of its best score.

    Of those that are left at the end one is drawn. Epsilon is the median absolute deviation of the scores on the
    instance. Instances count that all trials were judged on; when there is none, the fitness stands for one.

    Args:
        variant: who epsilon and the best are taken of: "static", all trials, as in 2016; "semi-dynamic",
            epsilon of all and the best of those left; "dynamic", both of those left.
        parents: how many distinct parents are picked, as far as there are that many, each anew among the others.
        inspirations: how many of the best other trials are shown besides.

    Reference: La Cava, Spector and Danai, "Epsilon-lexicase selection for regression", GECCO 2016; its variants: La
        Cava, Helmuth, Spector and Moore, "A probabilistic and multi-objective analysis of lexicase selection and
        epsilon-lexicase selection", Evolutionary Computation 27(3), 2019.
    """

    variant: Literal["static", "semi-dynamic", "dynamic"] = "semi-dynamic"
    parents: Annotated[int, Field(gt=0)] = 2
    inspirations: Annotated[int, Field(ge=0)] = 0

    def select(self, archive: Iterable[Trial], rng: Generator) -> Selection:
        """Pick parents by their scores on instances, and the best of the others as inspirations."""
        pool = list(archive)
        scores = _scores(pool)
        left = list(range(len(pool)))
        chosen = [left.pop(self._winner(scores[left], rng)) for _ in range(min(self.parents, len(pool)))]
        return Selection(tuple(pool[i] for i in chosen), tuple(pool[i] for i in left[: self.inspirations]))

    def _winner(self, scores: _Matrix, rng: Generator) -> int:
        """Return the place of the trial drawn, out of scores of shape (trials, instances)."""
        epsilon, best = _deviation(scores), scores.max(axis=0)
        left = np.arange(len(scores))
        for case in rng.permutation(scores.shape[1]):
            if len(left) == 1:
                break
            on_case = scores[left, case]
            top = best[case] if self.variant == "static" else on_case.max()
            slack = _deviation(on_case[:, None])[0] if self.variant == "dynamic" else epsilon[case]
            passed = left[on_case >= top - slack]
            left = passed if len(passed) else left
        return int(left[rng.integers(0, len(left))])


def _deviation(scores: _Matrix) -> _Matrix:
    """Return the median absolute deviation of each column."""
    deviation: _Matrix = np.median(np.abs(scores - np.median(scores, axis=0)), axis=0)
    return deviation


def _scores(pool: Sequence[Trial]) -> _Matrix:
    """Return the scores of all trials on the instances that they share, turned so that higher is better.

    A selector is not told the problem's direction; a fitness that is not the score gives it away.
    """
    tables = [{(s.stage, s.instance): s.outcome.score for s in trial.outcomes} for trial in pool]
    shared = sorted(set.intersection(*(set(table) for table in tables)))
    found = np.array([[table[case] for case in shared] for table in tables], dtype=float)
    if not shared or np.isnan(found).any():
        return np.array([[trial.fitness] for trial in pool], dtype=float)
    return -found if any(trial.fitness != trial.score for trial in pool) else found
