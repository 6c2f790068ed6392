"""What search without evolution reaches: multistart, CMA-ES, and a hopping schedule that an expert would write.

    python problems/circle_packing/baseline.py --method hopping --n 26 --seconds 60 --seed 1

Prints a line for each improvement: CPU seconds, and the sum of radii as the judge certifies it. One thread, metered in
CPU seconds, so that a busy machine changes nothing.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: more threads cost more CPU here, and find no more

import numpy as np
import primitives as blocks
from evolve_problems._shared import packing

Packings = Iterator[blocks.Circles]

# The bare functions: what counts here is CPU time, not fuel, and nothing needs to be remembered.
scatter: Callable[..., blocks.Points] = blocks.scatter.__wrapped__
relocate: Callable[..., blocks.Points] = blocks.relocate.__wrapped__
lp_radii: Callable[..., blocks.Circles] = blocks.lp_radii.__wrapped__
polish: Callable[..., blocks.Circles] = blocks.polish.__wrapped__


def multistart(n: int, seed: int) -> Packings:
    """Polish random points, again and again.

    Args:
        n: number of circles.
        seed: of all random draws.
    """
    for start in range(seed * 10**9, (seed + 1) * 10**9):
        yield polish(scatter(n, start))


def hopping(n: int, seed: int, patience: int = 300) -> Packings:
    """Basin hopping: move one circle somewhere else, polish, keep what is no worse; start anew after a long stall.

    Args:
        n: number of circles.
        seed: of all random draws.
        patience: hops without gain before a new start.

    Reference: D. J. Wales, J. P. K. Doye, Global optimization by basin-hopping, J. Phys. Chem. A 101 (1997) 5111-5116.
    """
    here, stalled = polish(scatter(n, seed * 10**9)), 0
    for step in range(seed * 10**9 + 1, (seed + 1) * 10**9):
        fresh = stalled > patience
        there = polish(scatter(n, step) if fresh else relocate(here, step))
        gain = there[:, 2].sum() - here[:, 2].sum()
        stalled = 0 if fresh or gain > 1e-9 else stalled + 1
        if fresh or gain > 0:
            here = there
        yield here


def cmaes(n: int, seed: int) -> Packings:
    """CMA-ES over all 3n numbers with a penalty on overlaps; radii by linear program, restarts from random points.

    Args:
        n: number of circles.
        seed: of all random draws.

    Reference: N. Hansen, The CMA evolution strategy: a tutorial, arXiv:1604.00772.
    """
    import cma

    upper = np.triu_indices(n, 1)

    def cost(vector: np.ndarray) -> float:
        x, y, r = vector.reshape(3, n)
        overlap = r[:, None] + r - np.hypot(x[:, None] - x, y[:, None] - y)
        outside = np.maximum(r - np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)), 0).sum()
        return float(-r.sum() + 4 * (np.maximum(overlap[upper], 0).sum() + outside + np.maximum(-r, 0).sum()))

    for restart in range(1, 10**6):
        start = np.vstack([scatter(n, seed * 10**6 + restart).T, np.full(n, 0.05)])
        options = {"seed": seed * 10**6 + restart, "bounds": [0, 1], "verbose": -9}
        search = cma.CMAEvolutionStrategy(start.ravel().clip(1e-6, 1 - 1e-6), 0.1, options)
        while not search.stop():
            for _ in range(50):
                asked = search.ask()
                search.tell(asked, [cost(vector) for vector in asked])
            yield lp_radii(search.result.xbest.reshape(3, n).T)


METHODS: dict[str, Callable[[int, int], Packings]] = {"multistart": multistart, "hopping": hopping, "cmaes": cmaes}


def certified(circles: blocks.Circles) -> float:
    """Return the sum of radii in exact arithmetic, after the judge's repair; 0 when they do not fit."""
    try:
        fitted, _ = packing.repair([(float(x), float(y), float(r)) for x, y, r in circles])
    except packing.Misfit:
        return 0.0
    value: float = packing.round_down(sum((Fraction(r) for _, _, r in fitted), Fraction()))
    return value


def main() -> None:
    """Run one method and print its improvements."""
    parser = argparse.ArgumentParser(description="Circle packing without evolution.")
    parser.add_argument("--method", choices=METHODS, default="hopping")
    parser.add_argument("--n", type=int, default=26, help="number of circles")
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", type=float, default=np.inf, help="stop when this is reached")
    given = parser.parse_args()
    best = 0.0
    begun = time.process_time()
    for circles in METHODS[given.method](given.n, given.seed):
        used = time.process_time() - begun
        if used > given.seconds or best >= given.target:
            break
        if circles[:, 2].sum() > best + 1e-12 and (value := certified(circles)) > best:
            best = value
            print(f"{used:9.2f} s  {best:.12f}", flush=True)


if __name__ == "__main__":
    main()
