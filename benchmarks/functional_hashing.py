"""How much of a search repeats itself, as class keys of each level see it, and whether any merge is wrong.

Programs of ten statements in the engine's own process (`benchmarks/expressions`): every proposal gets its keys by text,
by normalised source, and by what it answers at ten points; five in a hundred hits are evaluated all the same.

    python benchmarks/functional_hashing.py                 # about five minutes
    python benchmarks/functional_hashing.py --trials 1500   # a quick look

Reference: Gillard et al., "Unified functional hashing in automatic machine learning", arXiv:2302.05433, 2023.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

SPACE = Path(__file__).resolve().parent / "expressions"

SEARCHES = {
    "regularised evolution": (),
    "elitism": ("archive.use=top_k", "archive.k=100"),
    "random programs": ("mutator.anew=true",),
    "regularised, with corners that the probe may miss": ("mutator.kinks=true",),
}


def search(settings: Sequence[str], trials: int, seed: int, out: Path) -> dict[str, float]:
    """Search once; return shares of all proposals.

    Args:
        settings: over those of the problem.
        trials: proposals that are judged or reused.
        seed: of the run.
        out: the run folder.

    Returns:
        "text", "source", "hit": proposals whose key by text, by source, by all levels was known; "neutral": those of
        their parent's class; "textually neutral"; "audited", "false" merges: counts; "cpu_s".
    """
    from evolve.run import Run

    overrides = [*settings, f"run.seed={seed}", f"budget.trials={trials}"]
    summary = asyncio.run(Run.create(str(SPACE), overrides=overrides, out=out).execute())
    return {**_shares(out), "audited": summary.audited, "false": summary.false_merges, "cpu_s": summary.cpu_seconds}


def _shares(folder: Path) -> dict[str, float]:
    from evolve.fingerprint import source_key
    from evolve.record import reading

    texts: dict[int, str] = {}
    sources: dict[int, str] = {}
    classes: dict[int, str] = {}
    neutral = same = 0
    with reading(folder) as record:
        for row, trial in record.history("committed"):
            assert trial is not None
            texts[trial.number] = trial.program.digest
            sources[trial.number] = source_key(trial.program, "answer")
            classes[trial.number] = row.body["class_key"]
            for parent in trial.parents[:1]:
                neutral += classes[trial.number] == classes[parent]
                same += texts[trial.number] == texts[parent]
    count = len(classes)
    return {
        "text": _repeated(texts.values()),
        "source": _repeated(sources.values()),
        "hit": _repeated(classes.values()),
        "neutral": neutral / count,
        "textually neutral": same / count,
    }


def _repeated(keys: Iterable[Hashable]) -> float:
    """Return the share of keys that had come before."""
    listed = list(keys)
    return 1 - len(set(listed)) / len(listed)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a Markdown table: one row per search and seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=9000, help="of each search")
    parser.add_argument("--seeds", type=int, default=3, help="how many runs of each search")
    options = parser.parse_args(arguments)
    print("| search | seed | same text | same source | same class | of its parent's | ratio | audited | false | CPU |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, settings in SEARCHES.items():
        for seed in range(options.seeds):
            with tempfile.TemporaryDirectory() as scratch:
                found = search(settings, options.trials, seed, Path(scratch) / "run")
            shares = " | ".join(f"{100 * found[key]:.1f} %" for key in ("text", "source", "hit", "neutral"))
            ratio = f"{found['hit'] / found['text']:.0f}" if found["text"] else "-"
            counts = f"{found['audited']:.0f} | {found['false']:.0f}"
            print(f"| {name} | {seed} | {shares} | {ratio} | {counts} | {found['cpu_s']:.1f} s |", flush=True)


if __name__ == "__main__":
    main()
