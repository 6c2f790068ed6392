"""Views: what a record amounts to. Nothing here is stored; everything is asked of the events."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from evolve.record import Record, Row
from evolve.trial import Trial, depth_of

__all__ = [
    "audits",
    "best",
    "counts",
    "distrusted",
    "evaluated",
    "faults",
    "finals",
    "last",
    "lineage",
    "next_step",
    "pending",
    "refused_in_a_row",
    "saved",
    "trial",
    "used",
]


def used(record: Record) -> Mapping[str, float]:
    """Return what the run has used of each budget: at its last event, and for models up to their last answer."""
    row = next(record.query("SELECT used FROM events WHERE used != '{}' ORDER BY seq DESC LIMIT 1"), None)
    found: dict[str, float] = json.loads(row[0]) if row else {}
    usd, tokens = next(record.query("SELECT total(usd), total(prompt_tokens + completion_tokens) FROM answers"))
    return {**found, "usd": usd, "tokens": tokens}


def best(record: Record) -> int | None:
    """Return the trial that the strategy chose for its answer, or else the one of highest fitness, of equals the first.

    A trial that reached a higher stage comes before all that did not; its fitness is what its latest outcome left it
    with.
    """
    end = last(record, "finished", "resumed")
    if end is not None and end.body.get("trial") is not None:
        return int(end.body["trial"])
    stages = _stages(record)
    ranks: dict[int, tuple[int, float]] = {}
    for row in record.events("kind IN ('committed', 'measured')"):
        number, fitness = row.trial or 0, row.body["fitness"]
        ranks.pop(number, None)
        if fitness is not None:
            ranks[number] = depth_of(row.body.get("stage", ""), stages), fitness
    return max(ranks, key=lambda number: (ranks[number], -number), default=None)


def finals(record: Record) -> list[tuple[str, list[tuple[int, float | None]]]]:
    """Return each stage of the latest finals with its (trial, score) pairs, the best first."""
    end = last(record, "resumed")
    rows = record.events("kind = 'examined' AND seq > ?", end.seq if end is not None else -1)
    return [(row.body["stage"], [(number, score) for number, score in row.body["scores"]]) for row in rows]


def _stages(record: Record) -> list[str]:
    row = next(record.query("SELECT value FROM meta WHERE key = 'config'"), None)
    return [stage["name"] for stage in json.loads(row[0])["stages"]] if row else []


def trial(record: Record, number: int) -> Trial:
    """Return a trial with all its outcomes, those that a strategy asked for afterwards included."""
    found = record.trial(number)
    rows = record.events("trial = ? AND kind IN ('committed', 'measured')", number)
    bodies = [row.body for row in rows]
    if len(bodies) < 2:
        return found
    return record.judged(record.proposed(number), {**bodies[0], **bodies[-1]})


def saved(record: Record) -> tuple[int, float]:
    """Return how many trials took over a known outcome, and the CPU seconds that this saved."""
    rows = record.query(
        "SELECT count(*), total(json_extract(l.body, '$.cpu_s')) FROM events e JOIN events l "
        "ON l.kind = 'committed' AND l.trial = json_extract(e.body, '$.reused_from') "
        "WHERE e.kind = 'committed' AND json_extract(e.body, '$.reused_from') IS NOT NULL"
    )
    count, seconds = next(rows)
    return int(count), float(seconds)


def audits(record: Record) -> tuple[int, int, int]:
    """Return how many hits were evaluated as well, how many of these a cache had, and how many were merged wrongly."""
    rows = record.query(
        "SELECT count(*), count(json_extract(body, '$.source')), total(NOT json_extract(body, '$.agrees')) "
        "FROM events WHERE kind = 'audited'"
    )
    count, cached, wrong = next(rows)
    return int(count), int(cached), int(wrong)


def distrusted(record: Record) -> Iterator[str]:
    """Yield the class keys that an audit found to merge programs that differ."""
    for row in record.events("kind = 'audited'"):
        if not row.body["agrees"]:
            yield row.body["key"]


def evaluated(record: Record) -> Iterator[tuple[int, str]]:
    """Yield the trials whose evaluations count for their class, each with the class's name, in the order of commit."""
    rows = record.query(
        "SELECT trial, json_extract(body, '$.class_key') FROM events WHERE kind = 'committed' "
        "AND json_extract(body, '$.reused_from') IS NULL "
        "AND trial NOT IN (SELECT trial FROM events WHERE kind = 'audited') ORDER BY seq"
    )
    for number, name in rows:
        yield int(number), str(name)


def refused_in_a_row(record: Record, reason: str) -> int:
    """Return how many proposals were refused for one reason since the last trial was committed."""
    (count,) = next(
        record.query(
            "SELECT count(*) FROM events WHERE kind = 'refused' AND json_extract(body, '$.reason') = ? "
            "AND seq > (SELECT coalesce(max(seq), 0) FROM events WHERE kind = 'committed')",
            (reason,),
        )
    )
    return int(count)


def lineage(record: Record) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield each trial's number and parents, in the order of numbers."""
    for number, parents in record.query("SELECT number, parents FROM trials ORDER BY number"):
        yield number, tuple(json.loads(parents))


def pending(record: Record) -> list[Mapping[str, Any]]:
    """Return the actions that were decided and whose steps are not over, as plain data, oldest first."""
    rows = record.query(
        "SELECT action.value FROM events, json_each(events.body, '$.actions') AS action WHERE kind = 'decided' "
        "AND json_extract(action.value, '$.step') NOT IN (SELECT step FROM events WHERE closes = 1) ORDER BY seq"
    )
    return [json.loads(text) for (text,) in rows]


def next_step(record: Record) -> int:
    """Return the number that the next action gets."""
    rows = record.query("SELECT max(step + json_array_length(body, '$.actions')) FROM events WHERE kind = 'decided'")
    (found,) = next(rows)
    return int(found or 0)


def last(record: Record, *kinds: str) -> Row | None:
    """Return the latest event of some kinds."""
    statement = f"SELECT max(seq) FROM events WHERE kind IN ({', '.join('?' * len(kinds))})"
    (seq,) = next(record.query(statement, kinds))
    return None if seq is None else next(record.events("seq = ?", seq))


def counts(record: Record) -> Mapping[str, int]:
    """Return how many rows each table has, how many events of each kind, and how many outcomes were "carried".

    Those a stage took over from a lower one, free of charge.
    """
    tables = ("programs", "trials", "outcomes", "classes", "events", "requests", "answers")
    rows = {name: next(record.query(f"SELECT count(*) FROM {name}"))[0] for name in tables}
    kinds = dict(record.query("SELECT kind, count(*) FROM events GROUP BY kind"))
    ((carried,),) = record.query(
        """SELECT count(*) FROM outcomes o WHERE wall_s = 0 AND EXISTS (
        SELECT 1 FROM outcomes WHERE trial = o.trial AND instance = o.instance AND place < o.place)"""
    )
    return {"committed": 0, "refused": 0, "cached": 0, "carried": carried, **kinds, **rows}


def faults(record: Record) -> list[str]:
    """Return what is wrong with the record, one line each; nothing when it is whole."""
    found = [f"SQLite: {line}" for (line,) in record.query("PRAGMA integrity_check") if line != "ok"]
    for words, query in _FAULTS.items():
        numbers = [str(number) for (number,) in itertools.islice(record.query(query), 5)]
        if numbers:
            found.append(f"{words}: {', '.join(numbers)}")
    return found


_FAULTS = {
    "trials without a program": "SELECT number FROM trials WHERE program NOT IN (SELECT digest FROM programs)",
    "outcomes without a trial": "SELECT trial FROM outcomes WHERE trial NOT IN (SELECT number FROM trials)",
    "commits without a trial": """
        SELECT trial FROM events WHERE kind = 'committed' AND trial NOT IN (SELECT number FROM trials)""",
    "trials committed twice": """
        SELECT trial FROM events WHERE kind = 'committed' GROUP BY trial HAVING count(*) > 1""",
    "judged trials without an outcome": """
        SELECT trial FROM events WHERE kind = 'committed' AND json_extract(body, '$.status') = 'ok'
        AND trial NOT IN (SELECT trial FROM outcomes)""",
}
