"""Draw what a better score in the search is worth on larger tasks, from the record of a run.

    python problems/optimizer_search/meta_overfitting.py RUN [picture.png]

A dot is a finalist. Where the score in the search rises and that on larger tasks does not, the search has fitted its
tasks.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from evolve_problems.optimizer_search.charts import overfitting

from evolve.record import reading
from evolve.views import finals

__all__ = ["finalists"]


def finalists(run: Path) -> Mapping[str, Sequence[tuple[float, float]]]:
    """Return (score in the search, score there) of the finalists of a run, by stage.

    Args:
        run: folder of the run.
    """
    with reading(run) as record:
        rows = record.events("kind = 'committed'")
        searched = {row.trial: float(row.body["score"]) for row in rows if row.body["score"] is not None}
        stages = finals(record)
    return {
        stage: pairs
        for stage, scores in stages
        if (pairs := [(searched[n], score) for n, score in scores if score is not None and n in searched])
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("picture", type=Path, nargs="?", default=Path("meta_overfitting.png"))
    given = parser.parse_args()
    found = finalists(given.run)
    if not found:
        parser.error(f"{given.run} has no finals yet")
    overfitting(found).savefig(given.picture, dpi=150)
    print(given.picture)


if __name__ == "__main__":
    main()
