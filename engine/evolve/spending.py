"""What models were asked in a run, what it cost, and what became of the answers: views on the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evolve.record import Record

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
    (made,) = next(
        record.query(
            "SELECT count(*) FROM trials JOIN events ON events.trial = number AND kind = 'committed' "
            "WHERE json_extract(notes, '$.models') IS NOT NULL AND json_extract(body, '$.status') = 'ok'"
        )
    )
    (asked,) = next(record.query("SELECT count(*) FROM requests WHERE step >= 0"))
    return int(made), int(asked)


def refusals(record: Record) -> Mapping[str, int]:
    """Return why answers of models could not be used, with how often, the most frequent reason first."""
    rows = record.query(
        "SELECT reason.value, count(*) FROM (SELECT json_extract(notes, '$.refusals') AS found FROM trials "
        "UNION ALL SELECT json_extract(body, '$.notes.refusals') FROM events WHERE kind = 'refused'), "
        "json_each(found) AS reason WHERE found IS NOT NULL GROUP BY reason.value ORDER BY 2 DESC, 1"
    )
    return dict(rows)
