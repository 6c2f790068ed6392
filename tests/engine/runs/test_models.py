"""Runs in which a model proposes, through the real SDK, over loopback: prompt, HTTP, edit, sandbox, score, record."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from evolve.errors import ConfigError
from evolve.overlay import parse_budget, parse_models
from evolve.replay import replay
from evolve.run import Run
from evolve.summary import Summary, summarise
from evolve.testing.servers import (
    AnthropicServer,
    Conversation,
    Faults,
    OpenAIServer,
    Scripted,
    bad_request,
    cut_connection,
    empty,
    malformed_json,
    rate_limited,
    server_error,
    slow_headers,
    truncated,
    unauthorised,
    without_usage,
)

KEY = "canary-of-the-key"
PRICES = "price_in=1000,price_out=1000"
SEED_LINE = "    return 1.0 + 0.5 + shift"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


def diff(old: str, new: str) -> str:
    return f"<idea>change it</idea>\nprogram.py\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n"


def program_in(conversation: Conversation) -> str:
    found = re.search(
        r"# The program to improve.*?```python [^\n]*\n(.*?)\n```", conversation.messages[0].text, re.DOTALL
    )
    assert found is not None
    return found[1]


class Counting:
    """Changes the seed's number to another one each time."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, conversation: Conversation) -> str:
        if "OK" in conversation.question[:60]:
            return "OK"
        self.asked += 1
        line = next(line for line in program_in(conversation).splitlines() if line.startswith("    return"))
        return diff(line, f"    return {1 + self.asked / 1000} + shift")


def run_with(
    problem: Path,
    out: Path,
    server: Any,
    *overrides: str,
    client: str = "openai",
    settings: str = "",
    budget: str = "12trials",
    preflight: bool = False,
) -> Run:
    model = f"{client}:demo,base_url={server.url}" + (f",{settings}" if settings else "")
    layers = [*parse_models([model]), "mutator.use=llm_diff", *overrides]
    made = Run.create(str(problem), overrides=layers, out=out, extra={"budget": parse_budget(budget)})
    made.preflight = preflight
    return made


async def executed(run: Run) -> Summary:
    return await asyncio.wait_for(run.execute(), 60)


@pytest.mark.parametrize(("kind", "client"), [(OpenAIServer, "openai"), (AnthropicServer, "anthropic")])
def test_a_model_proposes_and_the_run_replays_without_it(problem: Path, tmp_path: Path, kind: Any, client: str) -> None:
    async def search() -> tuple[Summary, Any]:
        async with kind(Scripted(Counting()), key=KEY) as server:
            return await executed(run_with(problem, tmp_path / "run", server, client=client)), server

    summary, server = asyncio.run(search())
    assert (summary.trials, summary.runnable, summary.asked) == (12, 11, 11)
    assert summary.best is not None
    assert summary.best.claimed > -1.4
    use = summary.models[0]
    assert (use.requests, use.prompt_tokens, use.completion_tokens) == (
        server.answered,
        server.prompt_tokens,
        server.completion_tokens,
    )
    report = asyncio.run(replay(tmp_path / "run"))  # the server is gone
    assert report.faithful, report.differences
    assert report.proposals == 11


def test_the_key_is_nowhere_in_the_run_folder(problem: Path, tmp_path: Path) -> None:
    async def search() -> None:
        async with OpenAIServer(Scripted(Counting()), key=KEY, faults=Faults.every(3, server_error(500))) as server:
            await executed(run_with(problem, tmp_path / "run", server, settings="retries=0"))

    asyncio.run(search())
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert len(files) > 2
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


@pytest.mark.parametrize("varied", ["not at all", "in its names", "in its comments"])
def test_a_hundred_answers_that_mean_the_same_cost_one_evaluation(problem: Path, tmp_path: Path, varied: str) -> None:
    asked = Counter[str]()

    def same(conversation: Conversation) -> str:
        asked["n"] += 1
        n = asked["n"]
        extra = {"not at all": "", "in its names": f"    name_{n} = 0.5\n", "in its comments": f"    # version {n}\n"}[
            varied
        ]
        value = f"name_{n}" if varied == "in its names" else "0.5"
        return diff(SEED_LINE, f"{extra}    return 1.0 + {value} + shift + 0.25")

    async def search() -> Summary:
        async with OpenAIServer(Scripted(same)) as server:
            overrides = [
                "mutator.tries=1",
                "archive.k=1",
                "strategy.use=random_search",
                "archive=none",
                "selector=none",
            ]
            return await executed(run_with(problem, tmp_path / "run", server, *overrides, budget="101trials"))

    summary = asyncio.run(search())
    assert (summary.trials, summary.reused) == (101, 99)
    assert summary.evaluations == 4  # two instances of the seed, two of the one new program


def test_a_budget_of_money_is_never_exceeded_though_many_requests_are_in_flight(problem: Path, tmp_path: Path) -> None:
    async def search() -> tuple[Summary, Any]:
        async with OpenAIServer(Scripted(Counting()), latency_s=0.01) as server:
            run = run_with(
                problem,
                tmp_path / "run",
                server,
                settings=f"concurrency=16,max_tokens=200,{PRICES}",
                budget="40usd",
            )
            return await executed(run), server

    summary, server = asyncio.run(search())
    spent = (server.prompt_tokens + server.completion_tokens) * 1000 / 1e6
    assert summary.cost_usd == pytest.approx(spent, abs=1e-5)
    assert 20.0 < spent <= 40.0, summary.reason
    assert summary.reason.startswith("budget spent")
    assert summary.trials == server.answered + 1  # what was paid for was judged


def test_the_refusal_goes_back_to_the_model_once_and_is_counted(problem: Path, tmp_path: Path) -> None:
    def careless(conversation: Conversation) -> str:
        if len(conversation.messages) == 1:
            return diff("    return something that is not there", "    return 2.0 + shift")
        assert "search_not_found" in conversation.question
        return diff(SEED_LINE, f"    return 2.0 + shift + {len(conversation.messages[0].text) / 1e6}")

    async def search() -> Summary:
        async with OpenAIServer(Scripted(careless)) as server:
            overrides = ["strategy.use=random_search", "archive=none", "selector=none"]
            return await executed(run_with(problem, tmp_path / "run", server, *overrides, budget="6trials"))

    summary = asyncio.run(search())
    assert summary.refusals == {"search_not_found": 5}
    assert summary.asked == 10


def test_answers_without_a_program_end_the_run_with_the_reason(problem: Path, tmp_path: Path) -> None:
    async def search() -> Summary:
        async with OpenAIServer(Scripted(lambda conversation: "I would rather talk about the weather.")) as server:
            return await executed(run_with(problem, tmp_path / "run", server, "mutator.tries=1"))

    summary = asyncio.run(search())
    assert "in a row gave no program" in summary.reason
    assert "no_block" in summary.reason
    assert summary.runnable == 0


FAULTS: Sequence[tuple[str, Any, dict[str, Any]]] = [
    ("rate limit", rate_limited(0.01), {}),
    ("rate limit", rate_limited(), {}),
    ("server error", server_error(500), {}),
    ("server error", server_error(503), {}),
    ("timeout", slow_headers(30.0), {"settings": "timeout_s=0.5"}),
    ("no connection", cut_connection(), {}),
    ("malformed answer", malformed_json(), {}),
    ("request refused", bad_request(), {}),
]


@pytest.mark.parametrize(
    ("fault", "injected", "more"), FAULTS, ids=[f"{i} {name}" for i, (name, *_) in enumerate(FAULTS)]
)
def test_every_fault_is_recorded_and_the_run_goes_on(
    problem: Path,
    tmp_path: Path,
    rows: Callable[[Path, str], list[Any]],
    fault: str,
    injected: Any,
    more: dict[str, Any],
) -> None:
    async def search() -> Summary:
        async with OpenAIServer(Scripted(Counting()), faults=Faults.every(3, injected)) as server:
            settings = ",".join(["retries=0", *more.values()])
            return await executed(run_with(problem, tmp_path / "run", server, settings=settings))

    summary = asyncio.run(search())
    assert summary.trials == 12
    failed = rows(tmp_path / "run", "SELECT fault FROM answers WHERE fault != ''")
    assert failed
    assert {name for (name,) in failed} == {fault}
    assert summary.models[0].failed == len(failed)
    assert summary.refused == len(failed)
    report = asyncio.run(replay(tmp_path / "run"))
    assert report.faithful, report.differences


@pytest.mark.parametrize("injected", [truncated(), empty()])
def test_half_an_answer_is_a_refusal_that_goes_back_to_the_model(problem: Path, tmp_path: Path, injected: Any) -> None:
    async def search() -> Summary:
        async with OpenAIServer(Scripted(Counting()), faults=Faults.every(4, injected)) as server:
            return await executed(run_with(problem, tmp_path / "run", server))

    summary = asyncio.run(search())
    assert summary.trials == 12
    assert summary.refusals


def test_an_answer_without_a_count_of_tokens_is_charged_by_its_length(problem: Path, tmp_path: Path) -> None:
    async def search() -> tuple[Summary, Any]:
        async with OpenAIServer(Scripted(Counting()), faults=Faults.every(1, without_usage())) as server:
            return await executed(run_with(problem, tmp_path / "run", server)), server

    summary, server = asyncio.run(search())
    assert summary.models[0].estimated == server.answered == 11
    assert summary.tokens > server.prompt_tokens + server.completion_tokens


def test_a_refused_key_stops_the_run_in_one_line_that_names_the_variable(problem: Path, tmp_path: Path) -> None:
    async def search(preflight: bool) -> Summary:
        async with OpenAIServer(Scripted(Counting()), faults=Faults.every(1, unauthorised())) as server:
            return await executed(run_with(problem, tmp_path / str(preflight), server, preflight=preflight))

    with pytest.raises(ConfigError, match=r"openai:demo at .*key refused.*OPENAI_API_KEY"):
        asyncio.run(search(preflight=True))
    assert not (tmp_path / "True").exists()  # nothing was begun
    summary = asyncio.run(search(preflight=False))
    assert "no model answers any more" in summary.reason
    assert "OPENAI_API_KEY" in summary.reason


def test_preflight_is_recorded_and_paid_for(problem: Path, tmp_path: Path) -> None:
    async def search() -> tuple[Summary, Any]:
        async with OpenAIServer(Scripted(Counting())) as server:
            return await executed(run_with(problem, tmp_path / "run", server, preflight=True)), server

    summary, server = asyncio.run(search())
    assert summary.models[0].requests == server.answered == 12
    assert summary.tokens == server.prompt_tokens + server.completion_tokens
    assert asyncio.run(replay(tmp_path / "run")).faithful


def test_equal_answers_in_fixed_order_make_equal_runs_whatever_the_timing(
    problem: Path, tmp_path: Path, logical: Callable[[Path], Any]
) -> None:
    def by_text(conversation: Conversation) -> str:
        number = sum(conversation.messages[0].text.encode()) % 1000
        line = next(line for line in program_in(conversation).splitlines() if line.startswith("    return"))
        return diff(line, f"    return {1 + number / 1000} + shift")

    async def search(name: str, latency_s: float) -> None:
        async with OpenAIServer(Scripted(by_text), latency_s=latency_s) as server:
            run = run_with(problem, tmp_path / name, server, "run.order=fixed", budget="20trials")
            await executed(run)

    asyncio.run(search("one", 0.0))
    asyncio.run(search("two", 0.02))
    one, two = logical(tmp_path / "one"), logical(tmp_path / "two")
    for record in (one, two):  # the configuration names the server's port; an answer's arrival has no effect by itself
        record["events"] = [event for event in record["events"] if event[0] not in ("started", "proposed")]
    assert one == two


SCRIPT = """
import asyncio, sys
from pathlib import Path
from evolve.overlay import parse_models
from evolve.run import Run

async def main():
    problem, out, address, trials = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    budget = {"budget": {"trials": trials}}
    if (out / "record.sqlite").exists():
        run = Run.open(out, extra=budget)
    else:
        layers = [*parse_models([f"openai:demo,base_url={address},price_in=1,price_out=1"]), "mutator.use=llm_diff"]
        run = Run.create(problem, overrides=layers, extra=budget, out=out)
    run.preflight = False
    print("ready", flush=True)
    await run.execute()

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_kills_repeat_no_answered_request_and_the_bill_is_the_servers(
    problem: Path, tmp_path: Path, rows: Callable[[Path, str], list[Any]]
) -> None:
    out, script = tmp_path / "run", tmp_path / "search.py"
    script.write_text(SCRIPT)
    with OpenAIServer(Scripted(Counting()), key=KEY, latency_s=0.03).in_thread() as server:
        for kill in range(3):
            command = [sys.executable, str(script), str(problem), str(out), server.url, "100000"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n"
                deadline = time.monotonic() + 60.0
                while server.answered < 40 * (kill + 1) and time.monotonic() < deadline:
                    time.sleep(0.001)
                process.kill()
        sofar = rows(out, "SELECT count(*) FROM trials")[0][0]
        command[-1] = str(sofar + 20)
        subprocess.run(command, check=True, capture_output=True)
        sent = Counter(json.dumps(body, sort_keys=True) for body in server.received)
        summary = summarise(out)
        use = summary.models[0]
        lost = use.unanswered
        recorded = use.requests - lost
        assert recorded <= server.answered <= recorded + lost
        assert sum(count - 1 for count in sent.values()) <= lost  # only what was never answered is asked again
        if server.answered == recorded:
            assert (use.prompt_tokens, use.completion_tokens) == (server.prompt_tokens, server.completion_tokens)
            assert summary.cost_usd == pytest.approx((server.prompt_tokens + server.completion_tokens) / 1e6, abs=1e-6)
    twice = (
        "SELECT 1 FROM requests JOIN answers ON request = id WHERE fault = '' GROUP BY step, place HAVING count(*) > 1"
    )
    assert rows(out, twice) == []
    assert sofar > 20
    report = asyncio.run(replay(out))
    assert report.faithful, report.differences


def test_a_record_of_requests_is_whole(problem: Path, tmp_path: Path) -> None:
    async def search() -> None:
        async with OpenAIServer(Scripted(Counting())) as server:
            await executed(run_with(problem, tmp_path / "run", server))

    asyncio.run(search())
    with sqlite3.connect(tmp_path / "run" / "record.sqlite") as database:
        asked = database.execute("SELECT count(*), count(DISTINCT step) FROM requests").fetchone()
        answered = database.execute("SELECT count(*) FROM answers WHERE fault = ''").fetchone()
    database.close()
    assert asked == (11, 11)
    assert answered == (11,)
