"""Finals: when the search has ended, its best programs are judged on what it never saw, and one of them wins."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from evolve import views
from evolve.cli.progress import Progress
from evolve.errors import ConfigError
from evolve.events import Committed, Event, Examined
from evolve.record import reading
from evolve.replay import replay
from evolve.run import Run
from evolve.summary import Summary

TOML = """
[problem]
direction = "maximise"
[program]
entry = "value() -> int"
[executor]
workers = 1
[sandbox]
preload = []
required = 4
[mutator]
use = "counts"
[archive]
use = "top_k"
[budget]
trials = 12
[[stages]]
name = "search"
instances = ["train"]
[[stages]]
name = "validation"
instances = ["validation-*"]
finalists = 3
[[stages]]
name = "test"
instances = ["test"]
finalists = 1
"""
PLUGIN = """
from dataclasses import dataclass
from evolve import Mutator, Proposal, hookimpl


@dataclass
class Counts(Mutator):
    async def propose(self, parents, context):
        value = int(context.rng.integers(100))
        return [Proposal(parents[0].program.child({"program.py": f"def value():\\n    return {value}\\n"}), "count",
                         (parents[0].number,))]


@hookimpl
def evolve_mutators():
    return {"counts": Counts}
"""
EVALUATE = """
from evolve import Instance, Outcome

def instances():
    return [Instance("train"), Instance("validation-1", split="validation"),
            Instance("validation-2", split="validation"), Instance("test", split="test")]

def evaluate(candidate, instance):
    value = candidate.call("value")
    if instance.split == "train":
        return Outcome.ok(value, solution=value)
    if value == FAILS:
        return Outcome.invalid("not on new instances")
    return Outcome.ok(-value if instance.split == "validation" else value / 100, solution=value)

def overview(results):
    return "<svg>" + " ".join(f"{r['instance'].id}={r['score']:g}" for r in results) + "</svg>"

def explain(files, main):
    return f"It says {files[main].split()[-1]}."
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "counting"
    folder.mkdir()
    (folder / "problem.toml").write_text(TOML)
    (folder / "seed.py").write_text("def value():\n    return 1\n")
    (folder / "plugin.py").write_text(PLUGIN)
    (folder / "evaluate.py").write_text(EVALUATE.replace("FAILS", "-1"))
    return folder


def _run(folder: Path, *overrides: str, seen: list[Event] | None = None) -> Summary:
    run = Run.create(str(folder), overrides=overrides, out=folder.parent / "run")
    return asyncio.run(run.execute([seen.append] if seen is not None else []))


def test_while_finals_are_held_the_progress_line_says_so(folder: Path) -> None:
    run = Run.create(str(folder), out=folder.parent / "run")
    progress, said = Progress(run), []

    def watch(event: Event) -> None:
        if isinstance(event, Committed | Examined):
            said.append(progress.status())

    asyncio.run(run.execute([watch]))
    assert "trials" in said[0]
    assert said[-2:] == [
        "the search is over; judging 3 of the best on validation",
        "the search is over; judging 1 of the best on test",
    ]


def _values(summary: Summary) -> dict[int, float]:
    """Return what each distinct trial scored in the search."""
    with reading(Path(summary.run)) as record:
        return {
            row.trial or 0: row.body["score"]
            for row in record.events("kind = 'committed'")
            if row.body["status"] == "ok"
        }


def test_validation_chooses_among_the_best_and_the_test_is_for_the_winner_alone(folder: Path) -> None:
    seen: list[Event] = []
    summary = _run(folder, seen=seen)
    scores = _values(summary)
    best_three = sorted(scores, key=lambda number: -scores[number])[:3]
    winner = best_three[-1]  # validation turns the order round
    assert [(f.stage, f.finalists, f.trial, f.score) for f in summary.finals] == [
        ("validation", 3, winner, -scores[winner]),
        ("test", 1, winner, scores[winner] / 100),
    ]
    assert summary.best is not None
    assert (summary.best.trial, summary.best.claimed) == (winner, scores[winner])
    assert [event.stage for event in seen if isinstance(event, Examined)] == ["validation", "test"]
    assert Path(summary.best.program).read_text().split()[-1] == f"{scores[winner]:g}"


def test_every_other_finalist_is_the_best_left_of_what_the_strategy_keeps(folder: Path) -> None:
    text = (folder / "evaluate.py").read_text()
    (folder / "evaluate.py").write_text(
        text.replace(
            "Outcome.ok(value, solution=value)", 'Outcome.ok(value, measures={"ten": value // 10}, solution=value)'
        )
    )
    grid = ["archive=map_elites", 'archive.axes=[{measure="ten", low=0.0, high=10.0, bins=10}]', "budget.trials=40"]
    summary = _run(folder, *grid, "selector=uniform")
    scores = _values(summary)
    ranked = sorted(scores, key=lambda number: -scores[number])
    elites = sorted({int(scores[n]) // 10: n for n in reversed(ranked)}.values(), key=lambda number: -scores[number])
    second = next(number for number in elites if number != ranked[0])
    third = next(number for number in ranked if number not in (ranked[0], second))
    with reading(Path(summary.run)) as record:
        judged = {
            number for (number,) in record.query("SELECT DISTINCT trial FROM outcomes WHERE stage = 'validation'")
        }
    assert judged == {ranked[0], second, third}
    assert scores[third] > scores[second], "the next best is in the cell of the best"


def test_the_winner_is_drawn_with_all_its_outcomes_and_explained(folder: Path) -> None:
    summary = _run(folder)
    assert summary.best is not None
    value = f"{summary.best.claimed:g}"
    (picture,) = summary.pictures
    drawn = Path(picture).read_text()
    assert f"train={value} validation-1=-{value} validation-2=-{value} test=" in drawn
    assert Path(summary.explanation).read_text() == f"It says {value}.\n"


def test_a_finalist_that_fails_there_does_not_win(folder: Path) -> None:
    first = _run(folder)
    assert first.best is not None
    other = folder.parent / "other"
    folder.rename(other)
    (other / "evaluate.py").write_text(EVALUATE.replace("FAILS", f"{first.best.claimed:g}"))
    run = Run.create(str(other), out=other.parent / "again")
    second = asyncio.run(run.execute())
    assert second.finals[0].trial != first.finals[0].trial
    assert second.finals[0].score is not None


def test_held_out_instances_are_no_part_of_the_search_nor_of_its_budget(folder: Path) -> None:
    summary = _run(folder, "budget.evaluations=5")
    with reading(Path(summary.run)) as record:
        judged = list(record.query("SELECT stage, count(*) FROM outcomes GROUP BY stage ORDER BY stage"))
    assert judged == [("search", 5), ("test", 1), ("validation", 6)]
    assert summary.reason == "budget spent: 5 evaluations"


def test_the_search_can_go_on_and_ends_in_finals_again_without_judging_twice(folder: Path) -> None:
    first = _run(folder)
    run = Run.open(Path(first.run), extra={"budget": {"trials": 20}})
    second = asyncio.run(run.execute())
    assert second.trials == 20
    assert [final.stage for final in second.finals] == ["validation", "test"]
    with reading(Path(second.run)) as record:
        assert not list(record.query("SELECT 1 FROM outcomes GROUP BY trial, stage, instance HAVING count(*) > 1"))
        assert len(views.finals(record)) == 2
    assert asyncio.run(replay(Path(second.run))).faithful


def test_who_stops_the_run_gets_no_finals(folder: Path) -> None:
    run = Run.create(str(folder), out=folder.parent / "run")
    run.request_stop("interrupted by you")
    assert asyncio.run(run.execute()).finals == ()


def test_a_ladder_of_finals_only_is_one_clear_line(folder: Path) -> None:
    text = (folder / "problem.toml").read_text()
    (folder / "problem.toml").write_text(text.replace('instances = ["train"]', 'instances = ["train"]\nfinalists = 2'))
    with pytest.raises(ConfigError, match="all of them have finalists; the search needs a stage of its own"):
        _run(folder)
