"""What isolation costs: CPU per candidate, beside the physical limit and beside a fresh process. All in one run.

    floor      a warm process forks, the child exits, the parent waits: nothing else
    open       our zygote runs a candidate without any isolation
    isolated   the same with the best isolation that this machine offers
    fresh      `python -c "import numpy"` (and scipy)

A candidate is forked, isolated, compiled, called with a 26x3 array, answers one, and is buried. CPU is that of zygote
and child together; the trusted side's own comes extra. The ways take turns, so that other work hits all alike.

    python benchmarks/sandbox_overhead.py
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy

from evolve.evaluation import Limits
from evolve.sandbox import warm
from evolve.sandbox.candidate import SandboxedCandidate

TIERS = {
    "numpy": ("numpy", "numpy.random"),
    "numpy+scipy": (
        "numpy", "numpy.random", "scipy.optimize", "scipy.spatial", "scipy.linalg", "scipy.special",
    ),
}  # fmt: skip
FLOOR_LIMIT = {"numpy": 2.0, "numpy+scipy": 1.6}
OPEN_LIMIT, FRESH_LEAST = 1.10, 15.0
PROGRAM = {"program.py": "import numpy\ndef solve(x):\n    return x + numpy.float64(1.5)\n"}
LIMITS = Limits(wall_s=60.0)
TICK = os.sysconf("SC_CLK_TCK")
NO_LAYERS = """
from evolve.sandbox import layers, rungs
rungs.find = lambda *anything: (4, [])
layers.zygote_layers = lambda rung: ()
layers.child_layers = lambda rung: (layers.own_session, layers.only_the_channel)
"""


@dataclass
class Way:
    """One way to start a candidate, and what it has cost so far in CPU seconds."""

    count: int = 0
    spent_s: float = 0.0
    trusted_s: float = 0.0

    @property
    def each_ms(self) -> float:
        """CPU milliseconds of one candidate."""
        return 1000 * self.spent_s / self.count


def serve_floor(modules: Sequence[str]) -> None:
    """Import modules; then, for each number that arrives, fork that often and print the CPU seconds that it took."""
    for name in modules:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        before = cpu_of_self_and_children()
        for _ in range(int(line)):
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
        print(cpu_of_self_and_children() - before, flush=True)


def cpu_of_self_and_children() -> float:
    """Return CPU seconds of this process and of all that it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def cpu_below(root: int) -> float:
    """Return CPU seconds of a process, of its descendants, and of all that they have waited for."""
    stats: dict[int, tuple[int, float]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        stats[int(entry.name)] = int(fields[1]), sum(map(int, fields[11:15])) / TICK
    total, below = stats[root][1], {root}
    while below := {pid for pid, (parent, _) in stats.items() if parent in below}:
        total += sum(stats[pid][1] for pid in below)
    return total


@contextlib.contextmanager
def zygote(modules: Sequence[str], *, isolated: bool) -> Iterator[warm.WarmParent]:
    """Start a zygote, with all layers or with none."""
    boot = warm._BOOT
    if not isolated:
        path, rest = boot.split("; ", 2)[:2], boot.split("; ", 2)[2]
        warm._BOOT = "\n".join([*path, NO_LAYERS, rest])
    try:
        parent = warm.WarmParent(modules)
    finally:
        warm._BOOT = boot
    try:
        yield parent
    finally:
        parent.close()


def run_candidates(parent: warm.WarmParent, way: Way, count: int) -> None:
    """Run candidates one after the other and add up what the trusted side spends."""
    x = numpy.linspace(0.0, 1.0, 78).reshape(26, 3)
    for _ in range(count):
        begun = time.process_time()
        with SandboxedCandidate(parent, PROGRAM, "program.py", LIMITS) as candidate:
            answer = candidate.call("solve", x)
        way.trusted_s += time.process_time() - begun
        assert answer.shape == (26, 3)
        assert abs(answer[0, 0] - 1.5) < 1e-9
    way.count += count


def run_fresh(modules: Sequence[str], way: Way, count: int) -> None:
    """Start fresh interpreters that import the same modules."""
    code = "import " + ", ".join(modules)
    for _ in range(count):
        before = cpu_of_self_and_children() - time.process_time()
        subprocess.run([sys.executable, "-c", code], check=True, env=dict(warm._ENVIRONMENT))
        way.spent_s += cpu_of_self_and_children() - time.process_time() - before
    way.count += count


def measure(modules: Sequence[str], rounds: int, batch: int) -> tuple[dict[str, Way], int]:
    """Measure all ways in turns; return them, and the rung that was reached."""
    ways = {name: Way() for name in ("floor", "open", "isolated", "fresh")}
    command = [sys.executable, __file__, "--floor", ",".join(modules)]
    with (
        zygote(modules, isolated=True) as isolated,
        zygote(modules, isolated=False) as unisolated,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(warm._ENVIRONMENT)
        ) as floor,
    ):
        assert floor.stdin is not None
        assert floor.stdout is not None
        parents = {"open": unisolated, "isolated": isolated}
        for name, parent in parents.items():
            run_candidates(parent, Way(), 20)
            ways[name].spent_s = -cpu_below(parent._process.pid)
        for number in range(rounds):
            print(batch, file=floor.stdin, flush=True)
            ways["floor"].spent_s += float(floor.stdout.readline())
            ways["floor"].count += batch
            for name in sorted(parents, reverse=bool(number % 2)):
                run_candidates(parents[name], ways[name], batch)
            if number % 5 == 0:
                run_fresh(modules, ways["fresh"], 1)
        for name, parent in parents.items():
            ways[name].spent_s += cpu_below(parent._process.pid)
        return ways, isolated.rung


def report(tier: str, ways: dict[str, Way], rung: int) -> bool:
    """Print a tier's table and targets; return whether all are met."""
    print(f"{tier} (rung {rung}), CPU ms for each candidate, {ways['isolated'].count} of each:")
    print("  " + ", ".join(f"{name} {way.each_ms:.2f}" for name, way in ways.items()))
    trusted = 1000 * ways["isolated"].trusted_s / ways["isolated"].count
    print(f"  trusted side, in addition: {trusted:.2f}")
    each = {name: way.each_ms for name, way in ways.items()}
    met = []
    for what, value, limit, most in (
        ("isolated / open", each["isolated"] / each["open"], OPEN_LIMIT, True),
        ("isolated / floor", each["isolated"] / each["floor"], FLOOR_LIMIT[tier], True),
        ("fresh / isolated", each["fresh"] / each["isolated"], FRESH_LEAST, False),
    ):
        met.append(value <= limit if most else value >= limit)
        word = "PASS" if met[-1] else f"short by {abs(value - limit):.2f}"
        print(f"  {what}: {value:.2f} (target {'<=' if most else '>='} {limit:g}): {word}")
    return all(met)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both tiers; return 0 when every target is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--batch", type=int, default=25, help="candidates in one turn")
    parser.add_argument("--floor", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.floor:
        serve_floor(options.floor.split(","))
        return 0
    print(f"load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}, numpy {numpy.__version__}")
    met = [report(tier, *measure(modules, options.rounds, options.batch)) for tier, modules in TIERS.items()]
    return 0 if all(met) else 1


if __name__ == "__main__":
    raise SystemExit(main())
