"""Configuration: what wins over what, and one line for every mistake."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolve.config import RunConfig, load_config
from evolve.errors import BudgetError, ConfigError
from evolve.overlay import merge, parse_budget, parse_override

FULL = """
[problem]
title = "Circles"
direction = "minimise"

[params]
n = 26
day = 2024-01-31

[program]
seed = ["seed.py", "seeds/*.py"]
entry = "pack(n: int) -> Circles"

[limits]
wall_s = 4

[archive]
use = "top_k"
k = 3

[[mutators]]
use = "gp"

[[stages]]
name = "small"
wall_s = 1
min_score = 2.0

[[stages]]
name = "full"

[budget]
seconds = 60

[profile.long]
archive.k = 9
budget.seconds = 300
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "problem.toml").write_text(FULL)
    return tmp_path


def test_an_empty_file_is_enough(tmp_path: Path) -> None:
    (tmp_path / "problem.toml").write_text("")
    assert load_config(tmp_path) == RunConfig()


def test_the_file_the_profile_and_the_flags_win_in_this_order(folder: Path) -> None:
    assert load_config(folder).budget.seconds == 60
    assert load_config(folder, profile="long").budget.seconds == 300
    assert load_config(folder, ["budget.seconds=7"], "long").budget.seconds == 7
    last = load_config(folder, ["budget.seconds=7"], "long", {"budget": {"seconds": 1.5}})
    assert last.budget.seconds == 1.5
    assert last.archive is not None
    assert last.archive.settings == {"k": 9}


def test_a_stage_lays_its_own_limits_over_those_of_the_problem(folder: Path) -> None:
    config = load_config(folder)
    base = config.limits.limits()
    small, full = config.stages
    assert (base.wall_s, small.limits(base).wall_s, full.limits(base)) == (4, 1, base)


def test_the_entry_has_a_name(folder: Path) -> None:
    assert load_config(folder).program.entry_name == "pack"


def test_a_bare_word_and_a_toml_value_can_both_be_set(folder: Path) -> None:
    config = load_config(folder, ["run.order=fixed", "params.n=32", "params.names=['a', 'b']", "params.x=inf"])
    assert config.run.order == "fixed"
    assert config.params == {"n": 32, "day": "2024-01-31", "names": ["a", "b"], "x": math.inf}


def test_an_entry_of_a_list_can_be_set_by_its_place(folder: Path) -> None:
    config = load_config(folder, ["stages.0.wall_s=2.5"])
    assert [stage.wall_s for stage in config.stages] == [2.5, None]


def test_settings_of_one_plugin_are_not_handed_to_another(folder: Path) -> None:
    for overrides in (["archive=islands"], ["archive.use=islands"], ["archive=islands", "archive.count=2"]):
        archive = load_config(folder, overrides).archive
        assert archive is not None
        assert archive.use == "islands"
        assert "k" not in archive.settings


def test_none_takes_a_table_away(folder: Path) -> None:
    config = load_config(folder, ["archive=none", "selector.use=none", "mutators=none"])
    assert (config.archive, config.mutators) == (None, ())


def test_a_statement_file_is_read_into_the_configuration(folder: Path) -> None:
    (folder / "statement.md").write_text("Pack them.")
    config = load_config(folder, ["problem.statement_file=statement.md"])
    assert (config.problem.statement, config.problem.statement_file) == ("Pack them.", "")


def test_the_plain_form_is_json_and_comes_back_equal(folder: Path) -> None:
    config = load_config(folder)
    again = RunConfig.from_plain(json.loads(json.dumps(config.to_plain())))
    assert again == config
    assert again.digest() == config.digest()
    assert again.digest() != load_config(folder, ["run.seed=1"]).digest()


def test_nothing_can_be_changed_afterwards(folder: Path) -> None:
    config = load_config(folder)
    with pytest.raises(ValueError, match="frozen"):
        config.run.seed = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("archve.k=3", "--set archve.k=3: archve: unknown key; did you mean 'archive'?"),
        ("stages.0.wall=3", "--set stages.0.wall=3: stages.0.wall: unknown key; did you mean 'wall_s'?"),
        ("budget.trials=-5", "--set budget.trials=-5: budget.trials: must be greater than 0, not -5"),
        ("budget.trials=many", "--set budget.trials=many: budget.trials: must be a valid integer, not 'many'"),
        ("budget.trials=true", "--set budget.trials=true: budget.trials: must be a valid integer, not True"),
        ("run.order=best", "--set run.order=best: run.order: must be 'completed' or 'fixed', not 'best'"),
        ("mutator=3", "--set mutator=3: mutator: must be a table, not 3"),
        ("limits.fuel=nan", "--set limits.fuel=nan: limits.fuel: must be greater than 0, not nan"),
        ("limits.cpu_s=-2", "--set limits.cpu_s=-2: limits.cpu_s: must be greater than or equal to 0, not -2"),
        ("run.seed", "--set run.seed: write NAME=VALUE, such as --set archive.k=3"),
        ("run..seed=1", "--set run..seed=1: write NAME=VALUE, such as --set archive.k=3"),
        (
            "program.entry=a b",
            "--set program.entry=a b: program.entry: 'a b' is no signature",
        ),
    ],
)
def test_a_wrong_flag_is_one_line_with_flag_path_and_reason(folder: Path, override: str, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(folder, [override])
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_a_value_that_is_neither_toml_nor_a_word_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"--set run.seed=\[1: '\[1' is not a TOML value"):
        load_config(folder, ["run.seed=[1"])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[problem]\ntitle = x y", "not valid TOML: Invalid value (at line 2, column 9)"),
        ("[problem]\ntitel = 'x'", "problem.titel: unknown key; did you mean 'title'?"),
        ("problem = 3", "problem: must be a table, not 3"),
        ("[[gates]]\nk = 3", "gates.0.use: needs a value"),
        ("[profile]\nlong = 3", "profile.long: must be a table of settings"),
    ],
)
def test_a_wrong_file_is_one_line_with_file_path_and_reason(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "problem.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path, profile="long" if "profile" in text else None)
    assert str(caught.value) == f"{tmp_path / 'problem.toml'}: {line}"


def test_a_mistake_in_a_profile_names_the_profile(folder: Path) -> None:
    with (folder / "problem.toml").open("a") as file:
        file.write("[profile.wrong.run]\nseeds = 3\n")
    with pytest.raises(ConfigError, match=r"\[profile.wrong\]: run.seeds: unknown key; did you mean 'seed'"):
        load_config(folder, profile="wrong")


def test_an_unknown_profile_names_the_known_ones(folder: Path) -> None:
    with pytest.raises(ConfigError, match="no profile 'lng'; did you mean 'long'"):
        load_config(folder, profile="lng")


def test_a_recorded_configuration_of_another_shape_is_refused() -> None:
    with pytest.raises(ConfigError, match="recorded configuration: rum: unknown key; did you mean 'run'"):
        RunConfig.from_plain({"rum": {}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60s", {"seconds": 60.0}),
        ("5m", {"seconds": 300.0}),
        ("10min", {"seconds": 600.0}),
        ("1h", {"seconds": 3600.0}),
        ("200trials", {"trials": 200}),
        ("1e3evaluations", {"evaluations": 1000}),
        ("120cpu, 1 trial", {"cpu_seconds": 120.0, "trials": 1}),
    ],
)
def test_a_budget_is_read_with_its_unit(text: str, expected: dict[str, float]) -> None:
    assert {name: value for name, value in parse_budget(text).items() if value is not None} == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("-60s", "budget '-60s': must be above zero"),
        ("0trials", "budget '0trials': must be above zero"),
        ("1.5trials", "budget '1.5trials': must be a whole number"),
        ("60", "budget '60': missing unit"),
        ("60trails", "budget '60trails': unknown unit; did you mean 'trials'?"),
        ("2euro", "budget '2euro': unknown unit; known are cpu, evaluation, evaluations, h, m, min, s, token"),
        ("a lot", "budget 'a lot': write a number and a unit, such as 60s, 5m, 200trials, 2usd"),
        ("60s,", "budget '': write a number and a unit, such as 60s, 5m, 200trials, 2usd"),
    ],
)
def test_a_wrong_budget_is_one_line(text: str, line: str) -> None:
    with pytest.raises(BudgetError) as caught:
        parse_budget(text)
    assert str(caught.value).startswith(line)


def test_a_budget_flag_replaces_the_budget_of_the_file_as_a_whole(folder: Path) -> None:
    budget = load_config(folder, extra={"budget": parse_budget("5trials")}).budget
    assert budget.model_dump(exclude_none=True) == {"trials": 5}


@given(st.text(max_size=30))
def test_whatever_is_set_is_a_value_or_one_line(text: str) -> None:
    try:
        layer = parse_override(f"params.x={text}")
    except ConfigError:
        return
    assert set(json.loads(json.dumps(layer.table))["params"]) == {"x"}


TABLES = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from("abc"), TABLES, max_size=3))
def test_laying_a_table_over_itself_or_over_nothing_changes_nothing(table: dict[str, Any]) -> None:
    assert merge(table, table) == merge({}, table) == merge(table, {}) == table
