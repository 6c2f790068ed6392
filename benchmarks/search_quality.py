"""What a search finds for its CPU: several seeds of `evolve` on a problem, beside the problem's own baselines.

    python benchmarks/search_quality.py --seeds 5 --cpu 120 --baseline multistart --baseline hopping
    python benchmarks/search_quality.py --param n=32 --cpu 600

A baseline is run as `python PROBLEM/baseline.py --method METHOD --seed S --seconds CPU [--n 32]`; the last number it
prints is what the problem's judge certifies. Equal CPU means: candidates, evaluators and engine together, against the
whole process of a baseline.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CLI = [sys.executable, "-c", "import sys; from evolve.cli import main; sys.exit(main())"]


def evolve_once(problem: Path, seed: int, cpu: float, params: Sequence[str]) -> dict[str, float | None]:
    """Search once; return what was certified, and what it used."""
    with tempfile.TemporaryDirectory() as scratch:
        out = str(Path(scratch) / "run")
        settings = [part for param in params for part in ("--set", f"params.{param}")]
        run = [*CLI, "run", str(problem), "--seed", str(seed), "--budget", f"{cpu:g}cpu", "--out", out, *settings]
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
        shown = subprocess.run([*CLI, "show", out, "--json"], check=True, capture_output=True, text=True)
    found = json.loads(shown.stdout)
    used = {name: found[name] for name in ("trials", "reused", "seconds", "cpu_seconds")}
    return {**used, "certified": found["best"]["certified"]}


def baseline_once(problem: Path, method: str, seed: int, cpu: float, params: Sequence[str]) -> float:
    """Run one of the problem's own baselines; return the last value that it printed."""
    settings = [part for param in params for part in (f"--{param.partition('=')[0]}", param.partition("=")[2])]
    command = [sys.executable, str(problem / "baseline.py"), "--method", method, "--seed", str(seed)]
    done = subprocess.run([*command, "--seconds", f"{cpu:g}", *settings], check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def row(name: str, values: Sequence[float]) -> str:
    """Write one line of the table."""
    ordered = sorted(values)
    return (
        f"| {name} | {ordered[0]:.10f} | {statistics.median(ordered):.10f} | {ordered[-1]:.10f} | "
        f"{', '.join(f'{v:.8f}' for v in values)} |"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a Markdown table: method, worst, median and best certified value, and each seed's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problem", nargs="?", type=Path, default=ROOT / "problems" / "circle_packing")
    parser.add_argument("--seeds", type=int, default=5, help="how many runs of each method")
    parser.add_argument("--cpu", type=float, default=120.0, help="CPU seconds of each run")
    parser.add_argument("--param", dest="params", action="append", default=[], help="of the problem, such as n=32")
    parser.add_argument("--baseline", action="append", default=[], help="a method of the problem's baseline.py")
    options = parser.parse_args(arguments)
    print(f"{options.problem.name}, {options.cpu:g} CPU seconds, {options.seeds} seeds {' '.join(options.params)}\n")
    print("| method | worst | median | best | each seed |\n|---|---|---|---|---|")
    for method in options.baseline:
        runs = range(options.seeds)
        values = [baseline_once(options.problem, method, s, options.cpu, options.params) for s in runs]
        print(row(method, values), flush=True)
    found = [evolve_once(options.problem, seed, options.cpu, options.params) for seed in range(options.seeds)]
    print(row("evolve", [float(f["certified"] or 0.0) for f in found]), flush=True)
    for seed, one in enumerate(found):
        print(f"\nseed {seed}: {one['trials']} trials, {one['reused']} reused, {one['seconds']:.0f} s", end="")
    print()


if __name__ == "__main__":
    main()
