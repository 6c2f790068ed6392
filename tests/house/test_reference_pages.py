"""The reference pages name what there is, and nothing that is gone."""

from __future__ import annotations

import re

import click
import pytest
from pydantic import BaseModel

from evolve import config, ledger
from evolve.cli import cli
from house_sources import ROOT, shipped_plugins

REFERENCE = ROOT / "docs" / "reference"
TABLES = sorted(name for name in config.__all__ if name.endswith("Table") and name != "PluginTable")


@pytest.mark.parametrize("table", [*TABLES, "RunConfig"])
def test_every_key_of_problem_toml_is_described(table: str) -> None:
    page = (REFERENCE / "problem_toml.md").read_text(encoding="utf-8")
    model: type[BaseModel] = getattr(config, table)
    assert not [key for key in model.model_fields if not re.search(rf"`\[*{key}\]*`", page)]


def test_no_key_is_described_that_is_gone() -> None:
    page = (REFERENCE / "problem_toml.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE))
    known = {key for table in TABLES for key in getattr(config, table).model_fields}
    assert described <= known


def test_every_column_of_the_record_is_described() -> None:
    page = (REFERENCE / "record.md").read_text(encoding="utf-8")
    schema = ledger.__dict__["_SCHEMA"]
    columns = re.findall(r"([a-z_]+) (?:INTEGER|TEXT|REAL)", schema)
    tables = re.findall(r"CREATE TABLE (\w+)", schema)
    assert columns
    assert not [name for name in {*columns, *tables} if f"`{name}`" not in page]


def test_every_shipped_plugin_is_described() -> None:
    page = (REFERENCE / "plugins.md").read_text(encoding="utf-8")
    assert not [name for names in shipped_plugins().values() for name in names if f"`{name}`" not in page]


def test_every_command_and_option_is_described() -> None:
    page = (REFERENCE / "command_line.md").read_text(encoding="utf-8")
    context = click.Context(cli)
    missing = []
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
        missing += [f"{name} {option}" for option in options if f"`{option}" not in page]
        missing += [] if f"## `evolve {name}" in page else [name]
    assert not missing
