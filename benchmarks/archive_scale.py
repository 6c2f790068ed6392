"""Archives after a million adds against ten thousand: CPU of one add and one selection, and memory.

python benchmarks/archive_scale.py              the table
python benchmarks/archive_scale.py aging 50000  one row, after fewer adds
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from evolve import Archive, Outcome, Program, Trial
from evolve.trial import Scored, TrialStatus
from evolve_plugins.archives.aging import Aging
from evolve_plugins.archives.islands import Islands
from evolve_plugins.archives.map_elites import Axis, MapElites
from evolve_plugins.archives.top_k import TopK
from evolve_plugins.selectors.tournament import Tournament

ADDS, EARLY, WINDOW = 1_000_000, 10_000, 5_000
ARCHIVES: dict[str, Callable[[], Archive]] = {
    "top_k": lambda: TopK(k=50),
    "map_elites": lambda: MapElites(axes=(Axis("width", 0, 1, 20), Axis("height", 0, 1, 20))),
    "aging": lambda: Aging(size=100),
    "islands": lambda: Islands(inner=TopK(k=12), count=4, migrate_every=50),
}
PROGRAM = Program({"program.py": "def solve():\n    return 1\n"})


def rows(count: int) -> Iterator[tuple[float, float, float]]:
    """Yield a slowly rising fitness and two measures, over and over."""
    rng = np.random.default_rng(1)
    for start in range(0, count, 1000):
        noise, places = rng.normal(size=1000).tolist(), rng.random((1000, 2)).tolist()
        for i, (height, (x, y)) in enumerate(zip(noise, places, strict=True), start):
            yield height + i / count, x, y


def made(number: int, row: tuple[float, float, float], niche: str) -> Trial:
    """Return a trial of a class of its own."""
    fitness, width, height = row
    outcome = Outcome.ok(fitness, measures={"width": width, "height": height})
    return Trial(
        number,
        PROGRAM,
        notes={"niche": niche} if niche else {},
        class_key=f"class {number}",
        status=TrialStatus.OK,
        outcomes=(Scored("only", "full", outcome),),
        score=fitness,
        fitness=fitness,
    )


def measure(name: str, count: int) -> str:
    """Fill one archive, and return its row of the table."""
    archive, selector, rng = ARCHIVES[name](), Tournament(), np.random.default_rng(2)
    spent = {EARLY: 0.0, count: 0.0}
    memory: dict[int, float] = {}
    niche = ""
    for number, row in enumerate(rows(count), 1):
        trial = made(number, row, niche)
        start = time.process_time()
        archive.add(trial, rng)
        picked = archive.niche(rng)
        selector.select(picked.members, rng)
        step, niche = time.process_time() - start, picked.name
        for at in spent:
            if at - WINDOW < number <= at:
                spent[at] += step
        if number in spent:
            memory[number] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    early, late = (1e6 * spent[at] / WINDOW for at in (EARLY, count))
    return (
        f"| `{name}` | {len(archive)} | {early:.1f} us | {late:.1f} us | {late / early:.2f} "
        f"| {memory[count]:.0f} MiB | {memory[count] - memory[EARLY]:+.1f} MiB |"
    )


def main() -> None:
    """Print the table, each row out of a process of its own."""
    if len(sys.argv) > 1:
        print(measure(sys.argv[1], int(sys.argv[2])))
        return
    print(f"| archive | keeps | step at {EARLY:,} | step at {ADDS:,} | ratio (limit 2) | memory | growth |")
    print("|---|---|---|---|---|---|---|")
    for name in ARCHIVES:
        subprocess.run([sys.executable, str(Path(__file__)), name, str(ADDS)], check=True)


if __name__ == "__main__":
    main()
