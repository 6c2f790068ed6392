"""How selectors draw distinct trials by weight."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from evolve import Selection, Trial

__all__ = ["weighted"]


def weighted(
    pool: Sequence[Trial], logs: NDArray[np.float64], parents: int, inspirations: int, rng: Generator
) -> Selection:
    """Draw distinct parents one after the other by weight; the best of the others are inspirations.

    Args:
        pool: the trials, best first.
        logs: logarithm of each trial's weight, in any scale; minus infinity for never while there is another.
        parents: how many, as far as there are that many.
        inspirations: how many other trials are shown besides.
        rng: the random stream.

    Reference: Kool, van Hoof and Welling, "Stochastic beams and where to find them", ICML 2019, on the Gumbel trick:
        the order of weight plus noise is that of drawing without replacement.
    """
    order = np.argsort(-(logs + rng.gumbel(size=len(pool))), kind="stable")[:parents]
    taken = {int(i) for i in order}
    others = (trial for i, trial in enumerate(pool) if i not in taken)
    shown = [trial for trial, _ in zip(others, range(inspirations), strict=False)]
    return Selection(tuple(pool[i] for i in order), tuple(shown))
