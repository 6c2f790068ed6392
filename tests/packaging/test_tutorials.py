"""The tutorials are true: what they tell a newcomer to write is written here to the letter, and runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorial"
RUN_CLI = "import sys; from evolve.cli import main; sys.exit(main())"
BLOCK = re.compile(r"`([\w/]+\.(?:py|toml))`[^\n`]*:\n\n```\w+\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def parcels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Follow "Your first problem" up to the run."""
    home = tmp_path_factory.mktemp("problem")
    evolve(home, "new", "problem", "parcels")
    for name, text in BLOCK.findall((TUTORIAL / "first_problem.md").read_text(encoding="utf-8")):
        (home / "parcels" / name).write_text(text, encoding="utf-8")
    return home / "parcels"


@pytest.fixture(scope="module")
def novelty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Follow "Your first plugin", build its package and unpack it as an installer does; return that folder."""
    home = tmp_path_factory.mktemp("plugin")
    page = (TUTORIAL / "first_plugin.md").read_text(encoding="utf-8")
    python = [text for text in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "evolve.testing" not in text]
    (home / "pyproject.toml").write_text(dict(BLOCK.findall(page))["pyproject.toml"], encoding="utf-8")
    (home / "evolve_novelty.py").write_text("\n\n".join(python), encoding="utf-8")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    subprocess.run(build, cwd=home, check=True, capture_output=True, timeout=60)
    (wheel,) = (home / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(home / "site")
    return home / "site"


def test_the_template_of_a_new_problem_passes_its_check(tmp_path: Path) -> None:
    evolve(tmp_path, "new", "problem", "fresh")
    evolve(tmp_path, "check", "fresh")


def test_the_problem_of_the_tutorial_passes_its_check(parcels: Path) -> None:
    evolve(parcels, "check", ".")


def test_the_problem_of_the_tutorial_runs_and_finds_a_better_rule(parcels: Path) -> None:
    evolve(parcels, ".", "--budget", "150trials", "--out", "run", "--seed", "3")
    shown = json.loads(evolve(parcels, "show", "run", "--json", "--trials").stdout)
    seed = next(trial for trial in shown["trials"] if trial["operator"] == "seed")
    assert shown["best"]["claimed"] < seed["claimed"]


def test_the_package_of_the_tutorial_is_found(novelty: Path, tmp_path: Path) -> None:
    listed = evolve(tmp_path, "plugins", site=novelty).stdout
    assert "swap_lines" in listed
    assert "novelty" in listed


def test_the_archive_and_the_mutator_of_the_tutorial_make_a_run(novelty: Path, parcels: Path, tmp_path: Path) -> None:
    settings = ["archive.use=novelty", "archive.measure=wasted", "mutator.use=swap_lines"]
    extra = [part for text in settings for part in ("--set", text)]
    out = str(tmp_path / "run")
    evolve(tmp_path, str(parcels), "--budget", "5trials", "--out", out, *extra, site=novelty)
    shown = json.loads(evolve(tmp_path, "show", out, "--json", "--trials", site=novelty).stdout)
    assert "swap_lines" in {trial["operator"] for trial in shown["trials"]}


def test_the_archive_of_the_tutorial_keeps_its_contract(novelty: Path, tmp_path: Path) -> None:
    page = (TUTORIAL / "first_plugin.md").read_text(encoding="utf-8")
    (tmp_path / "test_novelty.py").write_text(dict(BLOCK.findall(page))["test_novelty.py"], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_novelty.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(novelty)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_mistyped_setting_of_the_tutorials_archive_is_answered_with_the_right_one(
    novelty: Path, parcels: Path, tmp_path: Path
) -> None:
    wrong = ["--set", "archive.use=novelty", "--set", "archive.measure=wasted", "--set", "archive.radios=1"]
    done = evolve(tmp_path, str(parcels), "--budget", "2trials", *wrong, site=novelty, code=2)
    assert "radius" in done.stderr
    assert "Traceback" not in done.stderr


def evolve(cwd: Path, *arguments: str, site: Path | None = None, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder, with a further folder of installed packages, and expect an exit code."""
    path = os.pathsep.join(part for part in (str(site or ""), os.environ.get("PYTHONPATH", "")) if part)
    done = subprocess.run(
        [sys.executable, "-c", RUN_CLI, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done
