"""What the engine and its workers say to each other arrives whole or not at all."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest

from evolve.evaluation import Cost, Limits, Outcome, Verdict
from evolve.instance import Instance
from evolve.interfaces import Job, JobResult
from evolve_plugins.executors.channel import hear, pack, receive

OUTCOME = Outcome.ok(0.5, measures={"x": 1.0}, feedback="fine", solution=[[1.0, float("inf")], {"a": b"\0"}])
MESSAGES: list[Any] = [
    Job("evaluate", {"program.py": "x = 1\n"}, "program.py", Instance("n26", {"n": 26}), Limits(wall_s=1.5), [1, 2]),
    JobResult(OUTCOME, cost=Cost(0.1, 0.2, 3, 4.0), worker_cpu_s=0.5),
    JobResult(value=Verdict.ok(2.0, "exact")),
    "x" * 1_000_000,
]


@pytest.mark.parametrize("message", MESSAGES, ids=["job", "outcome", "verdict", "large"])
def test_a_message_arrives_as_it_was_sent(message: Any) -> None:
    async def heard() -> Any:
        reader = asyncio.StreamReader()
        reader.feed_data(pack(message))
        return await hear(reader)

    assert asyncio.run(heard()) == message
    assert receive(io.BytesIO(pack(message))) == message


@pytest.mark.parametrize("heard", [b"", pack("half")[:5], pack("half")[:-1]])
def test_whoever_hangs_up_is_noticed_on_either_side(heard: bytes) -> None:
    async def wait() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(heard)
        reader.feed_eof()
        await hear(reader)

    with pytest.raises(EOFError):
        asyncio.run(wait())
    with pytest.raises(EOFError):
        receive(io.BytesIO(heard))
