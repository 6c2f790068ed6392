"""Each mistake of a user is answered with one clear line and exit code 2, never with a traceback."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evolve.cli import cli
from evolve.ledger import Ledger

TOML = """
[program]
entry = "pick(n: int) -> float"
[mutator]
use = "constants"
[run]
workers = 1
[budget]
trials = 3
"""
SEED = "def pick(n):\n    return 0.25 * n\n"
JUDGE = """
from evolve import Outcome

def evaluate(candidate, instance):
    return Outcome.ok(candidate.call("pick", 2))
"""


@pytest.fixture
def problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "number"
    folder.mkdir()
    for name, text in (("problem.toml", TOML), ("seed.py", SEED), ("evaluate.py", JUDGE)):
        (folder / name).write_text(text)
    return folder


def evolve(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def assert_one_line(result: Result, *parts: str) -> None:
    lines = result.stderr.splitlines()
    assert result.exit_code == 2, result.output
    assert len(lines) == 1, result.output
    assert lines[0].startswith("error: ")
    for part in parts:
        assert part in lines[0]


def _write(name: str, text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_text(text)

    return change


@pytest.mark.parametrize(
    ("change", "options", "parts"),
    [
        pytest.param(lambda f: (f / "seed.py").unlink(), [], ["no seed 'seed.py'"], id="no seed"),
        pytest.param(_write("seed.py", ""), [], ["seed.py: the seed is empty"], id="an empty seed"),
        pytest.param(
            _write("seed.py", "def pick(n):\n    return 1 / 0\n"),
            [],
            ["seed", "ZeroDivisionError"],
            id="a seed that fails",
        ),
        pytest.param(
            _write("seed.py", "def pack(n):\n    return 1.0\n"), [], ["seed", "pick"], id="a seed without entry"
        ),
        pytest.param(
            _write("seed.py", "def pick(n:\n"), [], ["seed.py:1: the seed is not Python"], id="a seed that is no Python"
        ),
        pytest.param(lambda f: (f / "evaluate.py").unlink(), [], ["no evaluate.py"], id="no evaluate.py"),
        pytest.param(
            _write("evaluate.py", "import no_such_module"),
            [],
            ["evaluate.py", "no_such_module"],
            id="a judge that does not import",
        ),
        pytest.param(_write("evaluate.py", "x = 1"), [], ["no function evaluate"], id="a judge without evaluate"),
        pytest.param(
            _write("evaluate.py", "def evaluate(candidate, instance):\n    raise KeyError('radius')\n"),
            [],
            ["evaluate.py:2", "KeyError", "radius"],
            id="a judge that raises",
        ),
        pytest.param(
            _write("evaluate.py", "def evaluate(candidate, instance):\n    return 3.5\n"),
            [],
            ["evaluate", "float", "Outcome.ok(score)"],
            id="a judge that returns the wrong type",
        ),
        pytest.param(
            _write("plugin.py", "import acme"), [], ["plugin.py: does not import", "acme"], id="a plugin.py that breaks"
        ),
        pytest.param(
            _write("problem.toml", "[problem]\ntitel = 'x'\n"),
            [],
            ["problem.toml: problem.titel: unknown key; did you mean 'title'?"],
            id="a mistyped key",
        ),
        pytest.param(_write("problem.toml", "[problem\n"), [], ["not valid TOML", "line 1"], id="no TOML"),
        pytest.param(
            None, ["--set", "archve.k=3"], ["--set archve.k=3", "did you mean 'archive'?"], id="a mistyped flag"
        ),
        pytest.param(
            None,
            ["--set", "archive.use=top_k", "--set", "archive.kk=3"],
            ["archive.kk", "did you mean 'k'?"],
            id="a mistyped setting of a plugin",
        ),
        pytest.param(
            None, ["--set", "archive=topk"], ["no archive 'topk'; did you mean 'top_k'?"], id="a mistyped plugin"
        ),
        pytest.param(
            None,
            ["--set", "strategy=random_search", "--set", "archive=top_k"],
            ["strategy 'random_search' takes no archive"],
            id="an archive for a strategy without",
        ),
        pytest.param(None, ["--budget", "-60s"], ["budget '-60s': must be above zero"], id="a negative budget"),
        pytest.param(
            None,
            ["--budget", "5s", "--set", "budget.trials=3"],
            ["--set budget.trials=3 would be lost", "--budget 60s,250cpu"],
            id="two budgets",
        ),
        pytest.param(None, ["--budget", "2usd"], ["only models spend it", "--model"], id="a budget of money"),
        pytest.param(None, ["--seed", "-1"], ["--seed: must be 0 or more, not -1"], id="a negative seed"),
        pytest.param(None, ["--profile", "long"], ["no profile 'long'"], id="no such profile"),
        pytest.param(None, ["--out", "/proc/run"], ["/proc/run"], id="a run folder that cannot be made"),
    ],
)
def test_a_mistake_is_one_line(
    problem: Path, change: Callable[[Path], None] | None, options: list[str], parts: list[str]
) -> None:
    if change is not None:
        change(problem)
    assert_one_line(evolve("number", *options), *parts)


def test_a_folder_that_is_not_there_is_answered_with_the_nearest_problem(problem: Path) -> None:
    assert_one_line(
        evolve("run", "circle_packin"), "no problem folder 'circle_packin'", "did you mean 'circle_packing'?"
    )


def test_a_run_folder_that_is_none_says_so(problem: Path) -> None:
    for command in ("resume", "show", "replay", "verify"):
        assert_one_line(evolve(command, "nowhere"), "no run folder at nowhere")
        assert_one_line(evolve(command, "number"), "number holds no run")


@pytest.fixture
def finished(problem: Path) -> Path:
    done = evolve("number", "--quiet", "--out", "run")
    assert done.exit_code == 0, done.output
    return Path("run")


def test_a_second_run_does_not_start_in_the_folder_of_another(finished: Path) -> None:
    assert_one_line(evolve("number", "--out", str(finished)), "run already holds a run", "evolve resume run")


def test_two_processes_cannot_go_on_with_one_run(finished: Path) -> None:
    holder = Ledger.open(finished)
    try:
        assert_one_line(evolve("resume", str(finished), "--budget", "9trials"), "in use by another run")
    finally:
        holder.close()
    assert evolve("resume", str(finished), "--budget", "4trials", "--quiet").exit_code == 0


def test_the_record_of_a_newer_format_is_refused(finished: Path) -> None:
    with sqlite3.connect(finished / "record.sqlite") as record:
        record.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
    record.close()
    for command in ("resume", "show", "replay", "verify"):
        assert_one_line(evolve(command, str(finished)), "format 99")


def test_a_run_whose_judge_changed_is_not_gone_on_with(finished: Path, problem: Path) -> None:
    (problem / "evaluate.py").write_text(f"{JUDGE}\n# other\n")
    assert_one_line(evolve("resume", str(finished)), "code changed", "evaluate.py")


def test_something_that_is_no_record_is_refused(problem: Path) -> None:
    Path("odd").mkdir()
    Path("odd/record.sqlite").write_text("no database at all, but long enough to look at")
    assert_one_line(evolve("show", "odd"), "not a record of evolve")


def test_a_new_problem_needs_a_good_name_and_a_free_folder(problem: Path) -> None:
    assert_one_line(evolve("new", "problem", "my-problem"), "no good name")
    assert_one_line(evolve("new", "problem", "number"), "exists already")
