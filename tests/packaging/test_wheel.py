"""The wheel is complete: it runs a shipped problem by name, away from any checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN_CLI = "import sys; from evolve.cli import main; sys.exit(main())"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it as an installer does; return the folder."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (wheel,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_every_source_file(installed: Path) -> None:
    wanted = {
        **{path: f"evolve/{path.relative_to(ROOT / 'engine/evolve').as_posix()}" for path in _files("engine/evolve")},
        **{path: path.relative_to(ROOT / "plugins").as_posix() for path in _files("plugins")},
        **{path: f"evolve_problems/{path.relative_to(ROOT / 'problems').as_posix()}" for path in _files("problems")},
    }
    assert not [name for name in wanted.values() if not (installed / name).is_file()]


def test_the_wheel_holds_nothing_but_the_packages_and_their_metadata(installed: Path) -> None:
    top = {path.name.partition("-")[0] for path in installed.iterdir()}
    assert top == {"evolve", "evolve_plugins", "evolve_problems", "evolve_engine"}
    assert not list(installed.rglob("*.pyc"))


def test_the_problems_package_points_into_the_wheel(installed: Path, tmp_path: Path) -> None:
    done = _python(installed, tmp_path, "import evolve_problems; print(evolve_problems.FOLDER)")
    assert Path(done.stdout.strip()) == installed / "evolve_problems"


def test_plugins_of_the_wheel_are_listed(installed: Path, tmp_path: Path) -> None:
    done = _python(installed, tmp_path, RUN_CLI, "plugins")
    assert "top_k" in done.stdout
    assert "circle_packing" in done.stdout


def test_a_shipped_problem_runs_by_name_without_a_checkout(installed: Path, tmp_path: Path) -> None:
    _python(installed, tmp_path, RUN_CLI, "circle_packing", "--budget", "3trials", "--out", str(tmp_path / "run"))
    assert (tmp_path / "run" / "record.sqlite").is_file()


def _files(folder: str) -> list[Path]:
    """Return the files that belong to the sources: no caches, nothing hidden, no run folders."""
    return [
        path
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
        and not any(part.startswith((".", "__pycache__")) or part == "runs" for part in path.relative_to(ROOT).parts)
    ]


def _python(site: Path, cwd: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the unpacked wheel before everything else."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
