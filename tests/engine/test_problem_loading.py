"""A problem folder is found, read and checked; each mistake is one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evolve.errors import EvolveError, ProblemError
from evolve.problem import Problem, find_problem, load_problem
from evolve.registry import Registry

SEED = "def pack(n):\n    return [0.0] * n\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "boxes"
    home.mkdir()
    (home / "problem.toml").write_text("[problem]\ntitle = 'Boxes'\n")
    (home / "seed.py").write_text(SEED)
    return home


def load(folder: Path, *overrides: str) -> Problem:
    return load_problem(folder, Registry(entry_points=False), overrides)


def test_a_file_becomes_the_main_file_of_a_seed(folder: Path) -> None:
    problem = load(folder)
    assert (problem.name, problem.folder) == ("boxes", folder.resolve())
    assert [dict(seed.files) for seed in problem.seeds] == [{"program.py": SEED}]


def test_a_folder_is_one_seed_of_several_files(folder: Path) -> None:
    (folder / "seed").mkdir()
    (folder / "seed" / "main.py").write_text(SEED)
    (folder / "seed" / "helper.py").write_text("x = 1\n")
    (seed,) = load(folder, "program.seed=seed").seeds
    assert set(seed.files) == {"main.py", "helper.py"}
    assert seed.main == "main.py"


def test_a_pattern_gives_several_seeds_and_no_two_that_are_equal(folder: Path) -> None:
    (folder / "seeds").mkdir()
    for name, text in (("a", SEED), ("b", SEED + "# other\n"), ("c", SEED)):
        (folder / "seeds" / f"{name}.py").write_text(text)
    assert len(load(folder, "program.seed=['seed.py', 'seeds/*.py']").seeds) == 2


def test_a_seed_that_is_no_python_keeps_its_ending(folder: Path) -> None:
    (folder / "seed.json").write_text("[1, 2]")
    (seed,) = load(folder, "program.seed=seed.json").seeds
    assert dict(seed.files) == {"program.json": "[1, 2]"}


def test_a_target_is_a_folder_its_toml_a_name_beside_or_a_shipped_name(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    registry = Registry()
    assert find_problem(str(folder), registry) == folder
    assert find_problem(str(folder / "problem.toml"), registry) == folder
    assert find_problem("circle_packing", registry) == registry.problems()["circle_packing"]
    checkout = tmp_path / "checkout"
    (checkout / "problems").mkdir(parents=True)
    folder.rename(checkout / "problems" / "circle_packing")
    monkeypatch.chdir(checkout)
    assert find_problem("circle_packing", registry).resolve() == checkout / "problems" / "circle_packing"


@pytest.mark.parametrize(
    ("instance", "direction", "expected"), [("n3", "maximise", 2.0), ("n3", "minimise", 1.5), ("n4", "maximise", None)]
)
def test_the_best_known_value_follows_the_direction(
    folder: Path, instance: str, direction: str, expected: float | None
) -> None:
    entries = [{"value": 1.5, "by": "A", "date": "2001"}, {"value": 2, "by": "B", "date": "2002", "exact": True}]
    (folder / "records.json").write_text(json.dumps({"n3": entries}))
    record = load(folder, f"problem.direction={direction}").best_known(instance)
    assert (record.value if record else None) == expected


@pytest.mark.parametrize(
    ("files", "override", "line"),
    [
        ({"seed.py": None}, "", "no seed 'seed.py'"),
        ({}, "program.seed=sed.py", "no seed 'sed.py'"),
        ({}, "program.seed=../seed.py", "lies outside the folder"),
        ({"seed.py": " \n"}, "", "seed.py: the seed is empty"),
        ({"seed.py": "def pack(n:\n"}, "", "seed.py:1: the seed is not Python: '(' was never closed"),
        ({"seed.py": "x = 1\0"}, "", "seed.py: the seed is not Python"),
        ({"seed.py": b"\xff\xfe"}, "", "is not UTF-8 text"),
        ({"seed.py": "# EVOLVE-BLOCK-START\n"}, "", "EVOLVE-BLOCK-START without an end"),
        ({"records.json": "{"}, "", "records.json:1: not JSON"),
        (
            {"records.json": '{"n3": [{"value": "2", "by": "A", "date": "2001"}]}'},
            "",
            "records.json: n3.0.value: must be a valid number",
        ),
        ({"records.json": '{"n3": [{"value": 2, "by": "A"}]}'}, "", "records.json: n3.0.date: needs a value"),
        ({"records.json": "[]"}, "", "records.json: whole file: must be"),
        ({"plugin.py": "1 / 0"}, "", "plugin.py: does not import: ZeroDivisionError"),
    ],
)
def test_a_mistake_in_the_folder_is_one_line(
    folder: Path, files: dict[str, str | bytes | None], override: str, line: str
) -> None:
    for name, content in files.items():
        if content is None:
            (folder / name).unlink()
        else:
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(EvolveError) as caught:
        load(folder, *([override] if override else []))
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_folder_is_answered_with_the_nearest_problem() -> None:
    with pytest.raises(ProblemError, match="no problem folder 'circle_packin'; did you mean 'circle_packing'"):
        find_problem("circle_packin", Registry())
    with pytest.raises(ProblemError, match=r"no problem folder '/no/such/thing'; known are .*circle_packing"):
        find_problem("/no/such/thing", Registry())


def test_a_folder_without_problem_toml_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match=r"no problem\.toml; `evolve new problem NAME`"):
        find_problem(str(tmp_path), Registry())
