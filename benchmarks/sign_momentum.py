"""Does a search with four functions, from plain gradient descent, find the sign of an average of gradients?

    python benchmarks/sign_momentum.py [--seeds 3] [--cpu 120]

Prints for each seed the best rule in short, its score, and those of tuned Lion and momentum. The sign of an average is
in it when its formula has sign(...) around a slot of state that is made of gradients.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from evolve_problems.optimizer_search import suites
from evolve_problems.optimizer_search.formula import formula
from evolve_problems.optimizer_search.report import short_form
from evolve_problems.optimizer_search.rivals import RIVALS

from evolve.run import Run

PROBLEM = Path(__file__).resolve().parent / "four_functions"
SIGNED_SLOT = re.compile(r"sign\([^()]*([mv])")


def signs_an_average(text: str) -> bool:
    """Tell whether a formula has the sign of a slot of state that gradients go into."""
    made_of = {line[0]: line for line in text.splitlines() if line[:2] in ("m′", "v′", "m ", "v ") and "g" in line}
    return any(slot in made_of and "sign" not in made_of[slot] for slot in SIGNED_SLOT.findall(text))


def best(seed: int, cpu: float) -> tuple[float, str, int]:
    """Return the best score of a run, that rule's formula, and how many trials there were."""
    with tempfile.TemporaryDirectory() as folder:
        overrides = [f"budget.cpu_seconds={cpu}", f"run.seed={seed}", "run.workers=1"]
        summary = asyncio.run(Run.create(str(PROBLEM), overrides=overrides, out=Path(folder) / "run").execute([]))
        assert summary.best is not None
        source = Path(summary.best.program).read_text(encoding="utf-8")
        return float(summary.best.claimed), formula(short_form(source).form), summary.trials


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the rules."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cpu", type=float, default=120.0)
    given = parser.parse_args(arguments)
    for name in ("Lion", "momentum"):
        print(f"tuned {name}: {fmean(RIVALS[name].score(task) for task in suites.TRAIN):.4f}")
    for seed in range(given.seeds):
        score, text, trials = best(seed, given.cpu)
        found = "the sign of an average" if signs_an_average(text) else "no sign of an average"
        print(f"\nseed {seed}: {score:.4f} after {trials:,} trials: {found}\n{text}", flush=True)


if __name__ == "__main__":
    main()
