"""Models on the command line: plan, run, show what was asked; and each mistake in one line."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evolve.cli import cli
from evolve.testing.servers import Conversation, Faults, OpenAIServer, Scripted, unauthorised

KEY = "canary-of-the-key"
TOML = """
[program]
entry = "pick(n: int) -> float"
[problem]
statement = "Return a number close to 3."
[run]
workers = 1
[budget]
trials = 4
"""
JUDGE = """
from evolve import Outcome

def evaluate(candidate, instance):
    return Outcome.ok(-abs(candidate.call("pick", 2) - 3), feedback="nearer to three, please")
"""


@pytest.fixture
def problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    folder = tmp_path / "number"
    folder.mkdir()
    for name, text in (
        ("problem.toml", TOML),
        ("seed.py", "def pick(n):\n    return 0.25 * n\n"),
        ("evaluate.py", JUDGE),
    ):
        (folder / name).write_text(text)
    return folder


class Writer:
    """Writes another program each time."""

    count = 0

    def __call__(self, conversation: Conversation) -> str:
        self.count += 1
        return (
            f"<idea>idea {self.count}</idea>\n```python program.py\ndef pick(n):\n    return {self.count / 10} + n\n```"
        )


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(Scripted(Writer()), key=KEY, models=("demo",)).in_thread() as running:
        yield running


def evolve(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def one_line(result: Result, *parts: str) -> None:
    assert result.exit_code == 2, result.output
    assert len(result.stderr.splitlines()) == 1, result.output
    for part in parts:
        assert part in result.stderr


def test_a_run_with_a_model_says_what_it_cost_and_what_became_of_the_answers(
    problem: Path, server: OpenAIServer
) -> None:
    model = f"openai:demo,base_url={server.url},price_in=1,price_out=2"
    done = evolve(str(problem), "--model", model, "--set", "mutator=llm_rewrite", "--out", "run")
    assert done.exit_code == 0, done.output
    assert "model       openai:demo: 4 requests, " in done.stdout  # one of them was the preflight
    assert "answers     100 % of 3 requests gave a runnable new program" in done.stdout
    found = json.loads(evolve("show", "run", "--json").stdout)
    assert found["cost_usd"] == pytest.approx((server.prompt_tokens + 2 * server.completion_tokens) / 1e6, abs=1e-6)
    assert found["models"][0]["requests"] == 4
    assert KEY not in done.output


def test_show_tells_exactly_what_was_asked_for_a_trial(problem: Path, server: OpenAIServer) -> None:
    evolve(
        str(problem), "--model", f"openai:demo,base_url={server.url}", "--set", "mutator=llm_rewrite", "--out", "run"
    )
    shown = evolve("show", "run", "--trial", "1", "--prompt")
    assert shown.exit_code == 0, shown.output
    for part in (
        "trial 1: ok",
        "made by llm_rewrite with openai:demo from 0",
        "idea: idea 2",
        "nearer to three, please",
    ):
        assert part in shown.stdout
    asked = json.loads(evolve("show", "run", "--trial", "1", "--prompt", "--json").stdout)
    sent = next(
        body
        for body in server.received
        if body["messages"][-1]["content"] == asked["calls"][0]["request"]["messages"][0]["text"]
    )
    assert sent["messages"][0]["content"] == asked["calls"][0]["request"]["system"]
    assert "calls" not in json.loads(evolve("show", "run", "--trial", "1", "--json").stdout)
    one_line(evolve("show", "run", "--trial", "99"), "there are trials 0 to 3")
    assert "--prompt needs --trial N" in evolve("show", "run", "--prompt").stderr


def test_a_plan_sends_nothing_and_prints_the_worst_case(problem: Path, server: OpenAIServer) -> None:
    model = f"openai:demo,base_url={server.url},price_in=1,price_out=2,max_tokens=1000"
    planned = evolve("plan", str(problem), "--model", model, "--budget", "10trials")
    assert planned.exit_code == 0, planned.output
    assert "one request at most 25,500 + 1,000 tokens, 0.0275 usd" in planned.stdout
    assert "requests    at most 20 for 10 trials" in planned.stdout
    assert "money       at most 0.55 usd" in planned.stdout
    assert not server.received
    plain = json.loads(evolve("plan", str(problem), "--model", model, "--budget", "10trials", "--json").stdout)
    assert (plain["requests"], plain["usd"]) == (20, pytest.approx(0.55))
    assert "costs nothing but time" in evolve("plan", str(problem)).stdout


def test_a_plan_over_budget_asks_only_somebody_at_a_terminal(problem: Path, server: OpenAIServer) -> None:
    model = f"openai:demo,base_url={server.url},price_in=1,price_out=2"
    arguments = ["plan", str(problem), "--model", model, "--budget", "4trials,0.1usd", "--set", "mutator=llm_rewrite"]
    piped = evolve(*arguments)
    assert piped.exit_code == 0
    assert "exceeds 0.1 usd" in piped.stdout
    assert "start the run?" not in piped.stdout
    assert not server.received
    for answer, asked in ((b"n\n", False), (b"y\n", True)):
        ours, theirs = pty.openpty()
        command = [sys.executable, "-c", "from evolve.cli import main; main()", *arguments]
        with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True) as process:
            os.close(theirs)
            os.write(ours, answer)
            said = _all_said(ours)
            process.wait()
        os.close(ours)
        assert b"start the run?" in said
        assert bool(server.received) is asked


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--model", "gpt-5"], ["--model gpt-5", "write CLIENT:NAME"]),
        (["--model", "openai:"], ["write CLIENT:NAME"]),
        (["--model", "opnai:x"], ["no model 'opnai'", "did you mean 'openai'?"]),
        (["--model", "openai:x,base_url"], ["write settings as NAME=VALUE"]),
        (["--model", "openai:x,streem=true"], ["no such setting", "did you mean 'stream'?"]),
        (["--model", "openai:x,weight=0"], ["weight", "greater than 0"]),
        (["--model", "openai:x,price_in=1"], ["set both price_in and price_out"]),
        (["--model", "openai:no-such-model", "--budget", "1usd"], ["nobody knows its price", "price_in"]),
        (["--set", "mutator=llm_diff"], ["llm_diff needs a model", "--model openai:NAME"]),
        (["--set", "mutator=llm"], ["needs a model"]),
        (["--budget", "1usd"], ["only models spend it", "--model openai:NAME"]),
        (["--model", "openai:x,base_url=http://127.0.0.1:9/v1,retries=0"], ["openai:x at http://127.0.0.1:9/v1"]),
        (["--model", "scripted:nowhere.py:answer"], ["scripted:nowhere.py:answer", "nowhere.py"]),
    ],
)  # fmt: skip
def test_a_mistake_with_models_is_one_line(problem: Path, arguments: list[str], parts: list[str]) -> None:
    one_line(evolve(str(problem), "--out", "run", *arguments), *parts)
    assert not Path("run").exists()


def test_a_missing_key_names_its_variable(problem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    one_line(evolve(str(problem), "--model", "openai:gpt-5-mini", "--out", "run"), "OPENAI_API_KEY is not set")


def test_a_wrong_key_and_a_wrong_name_are_found_before_the_run(problem: Path, server: OpenAIServer) -> None:
    address = f"base_url={server.url}"
    one_line(evolve(str(problem), "--model", f"openai:other,{address}", "--out", "run"), "not found", "'other'")
    with OpenAIServer(Scripted(Writer()), faults=Faults.every(1, unauthorised())).in_thread() as refusing:
        wrong = evolve(str(problem), "--model", f"openai:demo,base_url={refusing.url}", "--out", "run")
        one_line(wrong, "key refused", "OPENAI_API_KEY")
    assert KEY not in wrong.output
    assert not Path("run").exists()


def test_resume_goes_on_with_the_same_models(problem: Path, server: OpenAIServer) -> None:
    model = f"openai:demo,base_url={server.url}"
    evolve(str(problem), "--model", model, "--set", "mutator=llm_rewrite", "--out", "run", "--no-preflight")
    assert server.answered == 3
    resumed = evolve("resume", "run", "--budget", "6trials", "--no-preflight")
    assert resumed.exit_code == 0, resumed.output
    assert server.answered == 5
    assert evolve("replay", "run").exit_code == 0


@pytest.mark.parametrize("budget", ["4trials,1usd", "4trials,1e6tokens"])
def test_on_a_terminal_what_models_cost_is_shown_and_what_is_left(
    problem: Path, server: OpenAIServer, budget: str
) -> None:
    model = f"openai:demo,base_url={server.url},price_in=1,price_out=2"
    ours, theirs = pty.openpty()
    command = [
        sys.executable,
        "-c",
        "from evolve.cli import main; main()",
        str(problem),
        "--model",
        model,
        "--budget",
        budget,
    ]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "150"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        said = _all_said(ours)
    os.close(ours)
    assert process.returncode == 0, said.decode()
    assert b"usd left" in said or b"tokens left" in said
    assert b"requests on their way" in said


def _all_said(terminal: int) -> bytes:
    said = b""
    try:
        while chunk := os.read(terminal, 4096):
            said += chunk
    except OSError:  # the other end is closed
        pass
    return said
