"""A package from outside, installed for real: its archive, mutator and problem are picked up, and have every right."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parent / "evolve_novelty_example"
SETTINGS = ("--set", "archive.use=novelty", "--set", "archive.measure=mass", "--set", "mutator.use=nudge")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the package into a folder of its own, and return that."""
    folder = tmp_path_factory.mktemp("third_party")
    copy = shutil.copytree(SOURCE, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    flags = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "install", *flags, "--target", str(folder / "site"), str(copy)]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def finished(site: Path) -> Path:
    """Run the package's problem with the package's plugins, and return the run folder."""
    out = site.parent / "run"
    done = evolve(site, "run", "seesaw", *SETTINGS, "--budget", "20trials", "--seed", "1", "--out", str(out))
    assert done.returncode == 0, done.stderr
    return out


def evolve(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python(site, "-m", "evolve", *arguments)


def python(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=site.parent,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def shown(site: Path, run: Path) -> dict[str, Any]:
    """Return what `evolve show` says of a run; its "trials" is the list of them."""
    done = evolve(site, "show", str(run), "--json", "--trials")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_plugins_are_listed_with_the_package_that_brought_them(site: Path) -> None:
    done = evolve(site, "plugins", "--json")
    listed = {(p["kind"], p["name"]): p["plugin"] for p in json.loads(done.stdout)["plugins"]}
    for key in (("archive", "novelty"), ("mutator", "nudge"), ("problem", "seesaw")):
        assert listed[key] == "novelty_example"
    assert listed["archive", "top_k"] == "builtins"


def test_a_run_uses_the_archive_the_mutator_and_the_problem(site: Path, finished: Path) -> None:
    seen = shown(site, finished)
    assert seen["problem"] == "seesaw"
    assert len(seen["trials"]) == 20
    assert {trial["operator"] for trial in seen["trials"] if trial["parents"]} == {"nudge"}
    assert seen["best"]["claimed"] > -6.0


def test_the_run_replays_decision_by_decision_though_the_archive_writes_no_save_and_load(
    site: Path, finished: Path
) -> None:
    done = evolve(site, "replay", str(finished))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_mistyped_setting_of_the_archive_is_answered_like_one_of_our_own(site: Path) -> None:
    done = evolve(site, "run", "seesaw", *SETTINGS, "--set", "archive.radios=1", "--out", str(site.parent / "no"))
    assert done.returncode == 2
    assert "archive.radios" in done.stderr
    assert "did you mean 'radius'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_plugins_keep_the_contracts_of_their_kinds(site: Path) -> None:
    checks = site.parent / "source" / "check_contracts.py"
    done = python(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(checks))
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
