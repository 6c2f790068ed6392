"""Every shipped problem says what it is, where it comes from and what is known, and comes with programs that cheat."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from house_sources import problem_folders

every_problem = pytest.mark.parametrize("folder", problem_folders(), ids=lambda folder: folder.name)


def test_there_is_a_problem() -> None:
    assert problem_folders()


@every_problem
def test_it_has_a_readme_that_says_what_the_problem_supplies(folder: Path) -> None:
    assert len((folder / "README.md").read_text(encoding="utf-8").split()) > 100


@every_problem
def test_it_names_its_source_and_has_a_statement(folder: Path) -> None:
    problem = tomllib.loads((folder / "problem.toml").read_text(encoding="utf-8"))["problem"]
    assert problem["source"]
    assert problem["title"]
    assert problem.get("statement") or (folder / problem["statement_file"]).read_text(encoding="utf-8").strip()


@every_problem
def test_it_has_a_seed_and_a_judge(folder: Path) -> None:
    program = tomllib.loads((folder / "problem.toml").read_text(encoding="utf-8")).get("program", {})
    assert (folder / program.get("seed", "seed.py")).exists()
    assert (folder / "evaluate.py").is_file()


@every_problem
def test_what_is_best_known_is_dated_and_sourced(folder: Path) -> None:
    records = json.loads((folder / "records.json").read_text(encoding="utf-8"))
    entries = [entry for known in records.values() for entry in known]
    assert entries
    assert all(entry["date"] and entry["source"] and isinstance(entry["value"], float) for entry in entries)


@every_problem
@pytest.mark.parametrize("kind", ["nan", "infinity", "shape"])
def test_its_cheats_cover_bad_numbers_and_wrong_shapes(folder: Path, kind: str) -> None:
    assert [path.name for path in _cheats(folder) if kind in path.name]


@every_problem
def test_its_cheats_go_beyond_bad_numbers_and_wrong_shapes(folder: Path) -> None:
    ordinary = ("nan", "infinity", "shape")
    assert [path.name for path in _cheats(folder) if not any(kind in path.name for kind in ordinary)]


@every_problem
def test_its_own_tests_run_its_cheats(folder: Path) -> None:
    assert any("cheats" in path.read_text(encoding="utf-8") for path in folder.glob("test_*.py"))


def _cheats(folder: Path) -> list[Path]:
    return sorted((folder / "cheats").glob("*.*"))
