"""`Summary`: what a run has found so far, read from its record; also while it runs, and after it was killed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evolve import spending, views
from evolve.best import program_path
from evolve.lift import Lift, lifts
from evolve.presenting import EXPLANATION, PICTURES
from evolve.problem import read_records
from evolve.record import Record, reading
from evolve.spending import ModelUse

__all__ = ["Best", "FinalStage", "Summary", "list_trials", "summarise"]


@dataclass(frozen=True, slots=True)
class Best:
    """The best trial of a run.

    Args:
        trial: its number.
        claimed: the score that the evaluator gave.
        certified: the score that the exact check confirmed, or None.
        status: "certified", "claimed" (not checked, or no check exists) or "refused" (the check said no).
        program: path of its main file.
        solution: path of a JSON file of plain numbers: the object found.
        operator: what made it.
        improver: its program holds values that an earlier program computed.
    """

    trial: int
    claimed: float
    certified: float | None
    status: str
    program: str
    solution: str
    operator: str
    improver: bool


@dataclass(frozen=True, slots=True)
class FinalStage:
    """What a stage of the finals said.

    Args:
        stage: its name.
        finalists: how many programs were judged there.
        trial: the best of them there.
        score: its score there, or None when it failed.
    """

    stage: str
    finalists: int
    trial: int
    score: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run has found, and what it used.

    Args:
        run: the run folder.
        problem: name of the problem.
        status: "finished", "interrupted" or "unfinished" (running now, or killed).
        reason: why it ended, or "".
        seed: of the run.
        direction: "maximise" or "minimise".
        trials: judged or reused.
        evaluations: outcomes that were paid for.
        reused: trials that took over a known outcome.
        refused: proposals that never became a trial.
        saved_cpu_s: CPU seconds that reuse saved.
        seconds: wall time used, s.
        cpu_seconds: CPU time of engine, evaluators and candidates, s.
        cost_usd: money spent on models.
        best: the best trial, or None when none was valid.
        best_known: best published value for the same instance, or None.
        best_known_by: who published it.
        finals: how the best programs did where the search never saw them, one stage after the other.
        explanation: path of what the problem's own code says of the best program, or "".
        pictures: paths of the drawings.
        rung: the weakest isolation that an outcome was made with, 1 (best) to 4; 0 when none was.
        tokens: spent on models.
        models: what each model was asked, and what that cost.
        runnable: proposals of models that gave a new program that runs.
        asked: requests made for proposals.
        refusals: why answers of models could not be used, with how often.
        lifts: what each wrapper of proposals gained per token, against those that bypassed it.
        cached: outcomes that came from the cache of other runs; they are no evaluations of this one.
        audited: trials of a known class that were evaluated as well.
        audited_cached: those of them whose class only the cache knew.
        false_merges: those of them that came out otherwise than their class.
    """

    run: str
    problem: str
    status: str
    reason: str
    seed: int
    direction: str
    trials: int
    evaluations: int
    reused: int
    refused: int
    saved_cpu_s: float
    seconds: float
    cpu_seconds: float
    cost_usd: float
    best: Best | None
    best_known: float | None
    best_known_by: str
    finals: tuple[FinalStage, ...] = ()
    explanation: str = ""
    pictures: tuple[str, ...] = ()
    rung: int = 0
    tokens: int = 0
    models: tuple[ModelUse, ...] = ()
    runnable: int = 0
    asked: int = 0
    refusals: Mapping[str, int] = field(default_factory=dict)
    lifts: tuple[Lift, ...] = ()
    cached: int = 0
    audited: int = 0
    audited_cached: int = 0
    false_merges: int = 0

    def to_plain(self) -> dict[str, Any]:
        """Return it as JSON-able data; the names are a promise."""
        return dataclasses.asdict(self)


def summarise(folder: Path) -> Summary:
    """Read the summary of a run from its record.

    Raises:
        LedgerError: the folder holds no readable record.
    """
    with reading(folder) as record:
        return _summarise(folder, record)


def list_trials(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Yield one plain mapping per committed trial, in the order of commit.

    Raises:
        LedgerError: the folder holds no readable record.
    """
    with reading(folder) as record:
        certified = {row.trial: row.body["value"] for row in record.events("kind = 'verified'")}
        for row, trial in record.history("committed"):
            assert trial is not None
            yield {
                "number": trial.number,
                "parents": list(trial.parents),
                "operator": trial.operator,
                "class": row.body["class_key"],
                "status": row.body["status"],
                "claimed": row.body["score"],
                "certified": certified.get(trial.number),
            }


def _summarise(folder: Path, record: Record) -> Summary:
    config = record.meta("config")
    last = views.last(record, "finished", "started", "resumed")
    reason = last.body["reason"] if last is not None and last.kind == "finished" else ""
    used, counts = views.used(record), views.counts(record)
    reused, saved = views.saved(record)
    audited, audited_cached, wrong = views.audits(record)
    best, known, by = _best(folder, record)
    runnable, asked = spending.runnable(record)
    return Summary(
        run=str(folder),
        problem=record.meta("problem"),
        status="unfinished" if not reason else "interrupted" if reason.startswith("interrupted") else "finished",
        reason=reason,
        seed=config["run"]["seed"],
        direction=config["problem"]["direction"],
        trials=counts["committed"],
        evaluations=counts["outcomes"] - counts["cached"] - counts["carried"],
        reused=reused,
        refused=counts["refused"],
        saved_cpu_s=round(saved, 3),
        seconds=round(used.get("seconds", 0.0), 3),
        cpu_seconds=round(used.get("cpu_seconds", 0.0), 3),
        cost_usd=round(used["usd"], 6),
        best=best,
        best_known=known,
        best_known_by=by,
        finals=tuple(FinalStage(stage, len(scores), *scores[0]) for stage, scores in views.finals(record)),
        explanation=str(explanation) if (explanation := folder / "best" / EXPLANATION).is_file() else "",
        pictures=tuple(str(path) for name in PICTURES for path in sorted((folder / "best").glob(f"{name}.*"))),
        rung=next(record.query("SELECT max(rung) FROM outcomes"))[0] or 0,
        tokens=int(used["tokens"]),
        models=spending.spending(record),
        runnable=runnable,
        asked=asked,
        refusals=spending.refusals(record),
        lifts=tuple(lifts(record)) if asked else (),
        cached=counts["cached"],
        audited=audited,
        audited_cached=audited_cached,
        false_merges=wrong,
    )


def _best(folder: Path, record: Record) -> tuple[Best | None, float | None, str]:
    number = views.best(record)
    if number is None:
        return None, None, ""
    trial = views.trial(record, number)
    verdicts = [row.body for row in record.events("kind = 'verified' AND trial = ?", number)]
    verdict = verdicts[-1] if verdicts else None
    status = "claimed" if verdict is None else "certified" if verdict["confirmed"] else "refused"
    assert trial.score is not None
    best = Best(
        number,
        trial.score,
        verdict["value"] if verdict else None,
        status,
        str(program_path(folder, trial)),
        str(folder / "best" / "solution.json"),
        trial.operator,
        bool(trial.notes.get("improver")),
    )
    records = read_records(Path(record.meta("folder")), record.meta("config")["problem"]["records"])
    reached = [scored.instance for scored in trial.reached]
    entries = records.get(reached[0], ()) if len(reached) == 1 else ()  # a mean has no published value to stand beside
    pick = max if record.meta("config")["problem"]["direction"] == "maximise" else min
    top = pick(entries, key=lambda record: record.value, default=None)
    return best, top.value if top else None, top.by if top else ""
