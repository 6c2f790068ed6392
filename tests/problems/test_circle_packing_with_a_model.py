"""A model that knows good edits takes circle_packing from its plain seed to the record, through the whole path.

The model is a function behind a loopback server that speaks OpenAI's protocol; the client is the real SDK.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from evolve.overlay import parse_budget, parse_models
from evolve.replay import replay
from evolve.run import Run
from evolve.summary import Summary
from evolve.testing.servers import Conversation, OpenAIServer, Scripted

PROBLEM = Path(__file__).resolve().parents[2] / "problems" / "circle_packing"
HEAD = 'def pack(n: int) -> list[list[float]]:\n    """Return n circles [x, y, radius] in the unit square."""\n'
LADDER = (
    "    import primitives as p\n\n    return p.lp_radii(p.grid_rows(n, 5, 0.5))",
    "    import primitives as p\n\n    return p.polish(p.grid_rows(n, 5, 0.5))",
    """    import primitives as p

    best = p.polish(p.scatter(n, 5))
    for seed in range(26):
        best = p.better(best, p.polish(p.relocate(best, seed)))
    return best""",
)


def expert(conversation: Conversation) -> str:
    """Take the program one step up a ladder of ideas."""
    found = re.search(
        r"# The program to improve.*?# EVOLVE-BLOCK-START\n(.*?)\n+# EVOLVE-BLOCK-END", conversation.question, re.S
    )
    assert found is not None
    body = found[1].strip("\n")
    step = next((i for i, rung in enumerate(LADDER) if rung in body), -1)
    new = HEAD + LADDER[min(step + 1, len(LADDER) - 1)] + "\n" * (step + 1 == len(LADDER))
    return f"<idea>step {step + 1}</idea>\n\nprogram.py\n<<<<<<< SEARCH\n{body}\n=======\n{new}\n>>>>>>> REPLACE\n"


def test_it_reaches_the_record_and_the_run_replays_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")

    async def search() -> Summary:
        async with OpenAIServer(Scripted(expert)) as server:
            layers = [*parse_models([f"openai:expert,base_url={server.url}"]), "mutator=llm_diff"]
            extra = {"budget": parse_budget("60trials,90s")}
            run = Run.create(str(PROBLEM), overrides=layers, out=tmp_path / "run", extra=extra)
            run.preflight = False
            return await run.execute()

    summary = asyncio.run(search())
    assert summary.best is not None
    assert summary.best.certified is not None
    assert summary.best.certified >= 2.63
    assert summary.best.operator == "llm_diff"
    report = asyncio.run(replay(tmp_path / "run"))
    assert report.faithful, report.differences
