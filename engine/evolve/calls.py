"""`Call`: a request to a model and what it led to, as they stand in the record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evolve.messages import Answer, Bill, Request
from evolve.record import Record

__all__ = ["Call", "asking_places", "calls", "calls_at"]


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a model, as it stands in the record.

    Args:
        number: counts the requests of the run.
        step: the action that it belongs to, or -1.
        place: counts the requests of the step from 0.
        model: who was asked.
        digest: content address of request and model.
        request: what was asked.
        answer: what came back, or None.
        fault: why there is no answer, or "" (also when it was still awaited as the run stopped).
        detail: more about the fault.
        bill: what it cost.
    """

    number: int
    step: int
    place: int
    model: str
    digest: str
    request: Request
    answer: Answer | None
    fault: str
    detail: str
    bill: Bill


def calls(record: Record, where: str = "1", *values: Any) -> Iterator[Call]:
    """Yield what was asked of models, oldest first.

    Args:
        record: of the run.
        where: an SQL condition on the table `requests`, such as `"step = ?"`.
        values: what its question marks stand for.
    """
    statement = (
        "SELECT id, step, place, model, digest, requests.body, answers.body, fault, prompt_tokens, "
        "completion_tokens, usd, estimated FROM requests LEFT JOIN answers ON request = id "
        f"WHERE {where} ORDER BY id"
    )
    for number, step, place, model, digest, asked, answered, fault, *bill in record.query(statement, values):
        request = Request.from_plain(json.loads(asked))
        body = json.loads(answered) if answered is not None else {}
        answer = Answer.from_plain(body) if body and not fault else None
        paid = Bill(*bill) if answer is not None else Bill()
        yield Call(number, step, place, model, digest, request, answer, fault or "", body.get("detail", ""), paid)


def calls_at(record: Record, step: int, place: int) -> Iterator[Call]:
    """Yield what was asked at one place of a step, oldest first; an interruption repeats it."""
    return calls(record, "step = ? AND place = ?", step, place)


def asking_places(record: Record, step: int) -> int:
    """Return how many places of a step asked a model."""
    (count,) = next(record.query("SELECT count(DISTINCT place) FROM requests WHERE step = ?", (step,)))
    return int(count)
