"""What models were asked in a run, what it cost, and what became of the answers: views on the record."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from evolve.record import Record
from evolve.trial import TrialStatus

__all__ = ["ModelUse", "refusals", "runnable", "spending"]


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What one model was asked, and what that cost.

    Args:
        model: its name in the run.
        requests: sent to it, the first one that tries whether it can be reached included.
        failed: those that ended in a fault.
        unanswered: those whose answer had not come when the run was stopped or killed; their server may have charged
            for them.
        prompt_tokens: of all answered requests.
        completion_tokens: of all answers.
        estimated: answers whose server did not count tokens: they stand with an upper bound.
        usd: US dollars; 0 when the price is not known.
    """

    model: str
    requests: int
    failed: int
    unanswered: int
    prompt_tokens: int
    completion_tokens: int
    estimated: int
    usd: float


def spending(record: Record) -> tuple[ModelUse, ...]:
    """Return what each model of a run was asked, in the order of its first request."""
    rows = record.query(
        "SELECT model, count(*), total(fault != ''), total(request IS NULL), total(prompt_tokens), "
        "total(completion_tokens), total(estimated), total(usd) FROM requests LEFT JOIN answers ON request = id "
        "GROUP BY model ORDER BY min(id)"
    )
    return tuple(
        ModelUse(model, int(sent), int(failed), int(open_), int(asked), int(said), int(guessed), usd)
        for model, sent, failed, open_, asked, said, guessed, usd in rows
    )


def runnable(record: Record) -> tuple[int, int]:
    """Return how many proposals of models gave a new program that runs, and how many requests were made for them."""
    asked = _asked(record)
    if not asked:
        return 0, 0
    made = 0
    for row, trial in record.history("committed"):
        made += trial is not None and "models" in trial.notes and row.body["status"] == TrialStatus.OK
    return made, asked


def refusals(record: Record) -> Mapping[str, int]:
    """Return why answers of models could not be used, with how often, the most frequent reason first."""
    counted: Counter[str] = Counter()
    if not _asked(record):
        return counted
    for (notes,) in record.query("SELECT notes FROM trials"):
        counted.update(json.loads(notes).get("refusals", ()))
    for row in record.events("kind = 'refused'"):
        counted.update(row.body["notes"].get("refusals", ()))
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _asked(record: Record) -> int:
    (count,) = next(record.query("SELECT count(*) FROM requests WHERE step >= 0"))
    return int(count)
