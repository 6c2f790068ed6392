"""The commands, on a small problem, in this process."""

from __future__ import annotations

import importlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evolve.cli import cli
from evolve.overlay import parse_budget
from evolve.run import Run

PROMISED = {
    "run", "problem", "status", "reason", "seed", "trials", "evaluations", "reused", "seconds", "cpu_seconds",
    "cost_usd", "best",
}  # fmt: skip


def evolve(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the template's problem and one finished run of it."""
    home = tmp_path_factory.mktemp("home")
    assert evolve("new", "problem", str(home / "spots")).exit_code == 0
    done = evolve(
        str(home / "spots"), "--budget", "12trials", "--workers", "1", "--out", str(home / "run"), "--seed", "3"
    )
    assert done.exit_code == 0, done.output
    (home / "output").write_text(done.stdout)
    return home


def test_the_template_passes_its_own_check_and_says_what_to_do_next(home: Path) -> None:
    written = evolve("new", "problem", str(home / "fresh"))
    assert f"evolve check {home / 'fresh'}" in written.stdout
    checked = evolve("check", str(home / "fresh"))
    assert checked.exit_code == 0, checked.output
    assert "FAIL" not in checked.stdout
    assert "certified" in checked.stdout


def test_check_finds_a_judge_that_takes_nan_and_one_that_trips_over_it(home: Path, tmp_path: Path) -> None:
    evolve("new", "problem", str(tmp_path / "naive"))
    judge = "from evolve import Outcome\ndef evaluate(candidate, instance):\n    points = candidate.call('spread', 5)\n"
    (tmp_path / "naive" / "evaluate.py").write_text(f"{judge}    return Outcome.ok(len(points), solution=points)\n")
    (tmp_path / "naive" / "problem.toml").write_text("[program]\nentry = 'spread(n: int) -> Points'\n")
    checked = evolve("check", str(tmp_path / "naive"))
    assert checked.exit_code == 2
    assert "FAIL  the judge fails on a program that answers NaN" in checked.stdout
    assert "FAIL  the judge takes the seed's answer with NaN in it for an answer" in checked.stdout


def test_piped_output_says_what_runs_each_new_best_and_the_outcome(home: Path) -> None:
    first, *rest = (home / "output").read_text().splitlines()
    assert first.startswith("spots: maximise; seed 3; 12 trials; run folder")
    assert "trial 0" in rest[0]
    assert "certified" in rest[0]
    labels = [line.split()[0] for line in rest if line and not line.startswith(" ")]
    assert labels == ["best", "search", "reused", "time", "isolation", "status", "program", "solution", "check", "go"]


def test_json_is_the_only_output_and_has_the_promised_names(home: Path, tmp_path: Path) -> None:
    done = evolve(
        "run", str(home / "spots"), "--budget", "3trials", "--workers", "1", "--out", str(tmp_path / "run"), "--json"
    )
    summary = json.loads(done.stdout)
    assert set(summary) >= PROMISED
    assert set(summary["best"]) >= {"trial", "claimed", "certified", "status", "program", "solution"}
    assert (summary["trials"], summary["seed"], summary["status"]) == (3, 0, "finished")
    assert json.loads(Path(summary["best"]["solution"]).read_text())


def test_show_prints_the_same_and_lists_trials(home: Path) -> None:
    shown = json.loads(evolve("show", str(home / "run"), "--json", "--trials").stdout)
    assert len(shown["trials"]) == 12
    assert set(shown["trials"][0]) == {"number", "parents", "operator", "class", "status", "claimed", "certified"}
    text = evolve("show", str(home / "run"), "--trials").stdout
    assert "12 trials" in text
    assert "seed" in text


def test_verify_confirms_the_solution_and_the_program(home: Path) -> None:
    done = evolve("verify", str(home / "run"), "--json")
    report = json.loads(done.stdout)
    assert done.exit_code == 0, done.output
    assert report["confirmed"]
    assert [(c["what"], c["exact"], c["passed"]) for c in report["checks"]] == [
        ("solution", True, True),
        ("program", True, True),
    ]
    assert evolve("verify", str(home / "run")).stdout.splitlines()[-1] == "confirmed"


def test_verify_and_replay_find_a_record_that_was_tampered_with(home: Path) -> None:
    copy = home / "tampered"
    shutil.copytree(home / "run", copy)
    with sqlite3.connect(copy / "record.sqlite") as record:
        better = json.dumps([[0, 0], [1, 1], [1, 0], [0, 1], [0.5, 0.5001]])
        record.execute("UPDATE outcomes SET solution = ?, score = 0.75 WHERE status = 'ok'", (better,))
        record.execute("UPDATE trials SET operator = 'other' WHERE number = 5")
    record.close()
    verified = evolve("verify", str(copy))
    assert verified.exit_code == 1
    assert "not confirmed" in verified.stdout
    replayed = evolve("replay", str(copy))
    assert replayed.exit_code == 1
    assert "differs" in replayed.stdout


def test_replay_repeats_every_decision(home: Path) -> None:
    done = evolve("replay", str(home / "run"), "--json")
    assert json.loads(done.stdout)["faithful"]
    assert done.exit_code == 0
    assert evolve("replay", str(home / "run")).stdout.splitlines()[-1] == "all as recorded"


def test_resume_goes_on_to_a_larger_budget_and_not_beyond(home: Path) -> None:
    assert (
        evolve(
            str(home / "spots"), "--budget", "4trials", "--workers", "1", "--out", str(home / "more"), "-q"
        ).exit_code
        == 0
    )
    done = evolve("resume", str(home / "more"), "--budget", "9trials", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["trials"] == 9
    again = json.loads(evolve("resume", str(home / "more"), "--json").stdout)
    assert (again["trials"], again["reason"]) == (9, "budget spent: 9 trials"), "the last budget holds"


def test_resume_keeps_every_recorded_setting_but_those_it_changes(home: Path) -> None:
    problem, out = str(home / "spots"), str(home / "kept")
    evolve(problem, "--budget", "3trials", "--workers", "1", "--seed", "7", "--set", "params.n=4", "--out", out, "-q")
    (home / "spots" / "problem.toml").write_text((home / "spots" / "problem.toml").read_text() + "\n[run]\nseed = 5\n")
    run = Run.open(Path(out), extra={"run": {"workers": 2}, "budget": parse_budget("9trials")})
    config = run.problem.config
    assert (config.run.seed, config.run.workers, config.params) == (7, 2, {"n": 4})
    assert config.budget.model_dump(exclude_none=True) == {"trials": 9}


def test_options_may_stand_before_the_target(home: Path, tmp_path: Path) -> None:
    done = evolve("--budget", "2trials", "--workers", "1", "--out", str(tmp_path / "run"), "-q", str(home / "spots"))
    assert done.exit_code == 0, done.output


def test_plugins_are_listed_with_kind_name_package_and_purpose() -> None:
    listed = json.loads(evolve("plugins", "--json").stdout)
    assert listed["broken"] == []
    assert {"kind": "archive", "name": "top_k", "plugin": "builtins"}.items() <= next(
        p.items() for p in listed["plugins"] if p["name"] == "top_k"
    )
    assert all(p["doc"] for p in listed["plugins"])
    assert "top_k" in evolve("plugins").stdout


def test_the_doctor_reports_versions_isolation_and_plugins() -> None:
    done = evolve("doctor")
    assert done.exit_code == 0, done.output
    assert {line.split()[0] for line in done.stdout.splitlines()} == {
        "evolve", "python", "platform", "processors", "libraries", "models", "isolation", "plugins",
    }  # fmt: skip


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two installed packages: one breaks on import, one adds a command."""
    greets = (
        "import click\nfrom evolve import hookimpl\n@hookimpl\ndef evolve_commands(cli):\n    cli.add_command(greet)\n"
    )
    greets += "@click.command()\n@click.argument('name')\ndef greet(name):\n    click.echo(f'hello {name}')\n"
    for name, text in (("broken_acme", "raise RuntimeError('no license')"), ("greeter", greets)):
        (tmp_path / f"{name}.py").write_text(text)
        info = tmp_path / f"{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[evolve]\n{name} = {name}\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    return tmp_path


def test_a_broken_package_is_reported_and_other_commands_still_work(site: Path, home: Path) -> None:
    listed = evolve("plugins")
    assert listed.exit_code == 0
    assert "broken: broken_acme: RuntimeError: no license" in listed.stderr
    assert "broken_acme: RuntimeError: no license" in evolve("doctor").stdout
    assert evolve("show", str(home / "run")).exit_code == 0
    done = evolve(str(home / "spots"), "--budget", "2trials", "--workers", "1", "--out", str(site / "run"), "-q")
    assert done.exit_code == 0, done.output


def test_using_what_a_broken_package_would_have_brought_names_it(site: Path, home: Path) -> None:
    done = evolve(str(home / "spots"), "--set", "archive=acme", "--out", str(site / "run"))
    assert done.exit_code == 2
    assert "no archive 'acme'" in done.stderr
    assert "plugin 'broken_acme' was left out (RuntimeError: no license)" in done.stderr


def test_a_package_can_add_a_command(site: Path) -> None:
    assert evolve("greet", "world").stdout == "hello world\n"
