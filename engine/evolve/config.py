"""`RunConfig`: everything that can be set about a run, read from `problem.toml` and the command line.

Order, the later wins: defaults, `problem.toml`, a profile of it, `--set`, what the caller adds. A plugin table is
`use = "name"` and that plugin's own settings; which settings there are is the plugin's business (`evolve.registry`).
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, Strict, ValidationError, ValidationInfo, field_validator

from evolve.errors import ConfigError, did_you_mean
from evolve.overlay import Layer, explain, merge, parse_budget, parse_override, read_toml
from evolve.tables import (
    BudgetTable,
    ClassKeysTable,
    LimitsTable,
    ModelTable,
    PluginTable,
    ProblemTable,
    ProgramTable,
    RunTable,
    SandboxTable,
    StageTable,
    Table,
)

__all__ = [
    "BudgetTable",
    "ClassKeysTable",
    "LimitsTable",
    "ModelTable",
    "PluginTable",
    "ProblemTable",
    "ProgramTable",
    "RunConfig",
    "RunTable",
    "SandboxTable",
    "StageTable",
    "load_config",
    "parse_budget",
]

_log = logging.getLogger(__name__)

_USUAL = {
    "strategy": "steady_state",
    "archive": "islands",
    "selector": "tournament",
    "mutator": "bandit",
    "evaluator": "python",
    "executor": "local",
}
"""Which plugin the settings of a table belong to when the table does not say."""

_FIELDS = {"archive": "strategy", "selector": "strategy", "mutators": "mutator"}
"""Tables of their own that are fields of another plugin."""


class RunConfig(Table):
    """The resolved configuration of one run, frozen; its plain form is the first event of the record.

    `archive` and `selector` are fields of the strategy, `mutators` one of the mutator: tables of their own because
    people change them most. "none" takes one away that a file has set.
    """

    problem: ProblemTable = ProblemTable()
    params: dict[str, Any] = Field(default_factory=dict)
    program: ProgramTable = ProgramTable()
    limits: LimitsTable = LimitsTable()
    stages: Annotated[tuple[StageTable, ...], Strict(False)] = ()
    strategy: PluginTable = PluginTable(use=_USUAL["strategy"])
    archive: PluginTable | None = None
    selector: PluginTable | None = None
    mutator: PluginTable = PluginTable(use=_USUAL["mutator"])
    mutators: Annotated[tuple[PluginTable, ...], Strict(False)] = ()
    gates: Annotated[tuple[PluginTable, ...], Strict(False)] = (PluginTable(use="syntax"),)
    curriculum: PluginTable | None = None
    evaluator: PluginTable = PluginTable(use=_USUAL["evaluator"])
    executor: PluginTable = PluginTable(use=_USUAL["executor"])
    class_keys: ClassKeysTable = ClassKeysTable()
    models: Annotated[tuple[ModelTable, ...], Strict(False)] = ()
    budget: BudgetTable = BudgetTable()
    run: RunTable = RunTable()
    sandbox: SandboxTable = SandboxTable()

    @field_validator("strategy", "archive", "selector", "mutator", "evaluator", "executor", "curriculum", mode="before")
    @classmethod
    def _name_the_usual(cls, table: Any, info: ValidationInfo) -> Any:
        usual = _USUAL.get(str(info.field_name))
        if isinstance(table, Mapping) and "use" not in table and usual is not None:
            return {"use": usual, **table}
        named = table.get("use") if isinstance(table, Mapping) else table
        may_be_absent = cls.model_fields[str(info.field_name)].default is None
        return None if named == "none" and may_be_absent else table

    @field_validator("mutators", mode="before")
    @classmethod
    def _accept_no_mutators(cls, tables: Any) -> Any:
        return () if tables == "none" else tables

    def to_plain(self) -> dict[str, Any]:
        """Return it as JSON data (an infinite number stays one), for the record."""
        plain: dict[str, Any] = json.loads(json.dumps(self.model_dump()))
        return plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> RunConfig:
        """Return the configuration that `to_plain` wrote.

        Raises:
            ConfigError: the data does not fit, as when another version wrote it.
        """
        return _validate([Layer("recorded configuration", plain)])

    def digest(self) -> str:
        """Content address of the configuration, 32 hexadecimal digits."""
        return hashlib.blake2b(json.dumps(self.to_plain(), sort_keys=True).encode(), digest_size=16).hexdigest()


def load_config(
    folder: Path,
    overrides: Sequence[str | Layer] = (),
    profile: str | None = None,
    extra: Mapping[str, Any] | None = None,
    takes: Callable[[str, str, str], bool] | None = None,
) -> RunConfig:
    """Read a problem folder's `problem.toml` and lay everything else over it.

    An `[archive]` that was set for one strategy does not bind another one that is named above it, by a profile or on
    the command line: where that takes no archive, the table is left out. What is said in one place must fit together.

    Args:
        folder: the problem folder.
        overrides: `--set` texts, such as "archive.k=3", and layers that are parsed already.
        profile: name of a `[profile.NAME]` table of the file.
        extra: settings from the caller, such as a parsed `--budget`.
        takes: tells of a plugin's kind, its name and a table (`archive`, `selector`, `mutators`) whether the plugin has
            it for a field; None leaves nothing out.

    Raises:
        ConfigError: in one line: the file or flag, the dotted path, and what is wrong.
    """
    path = folder / "problem.toml"
    table = read_toml(path)
    profiles = table.pop("profile", {})
    layers = [Layer(str(path), table)]
    if profile is not None:
        if not isinstance(profiles, Mapping) or profile not in profiles:
            known = profiles if isinstance(profiles, Mapping) else ()
            raise ConfigError(f"{path}: no profile {profile!r}{did_you_mean(profile, known)}")
        if not isinstance(profiles[profile], Mapping):
            raise ConfigError(f"{path}: profile.{profile}: must be a table of settings")
        layers.append(Layer(f"{path} [profile.{profile}]", profiles[profile]))
    layers += [parse_override(said) if isinstance(said, str) else said for said in overrides]
    layers.append(Layer("command line", dict(extra or {})))
    config = _validate(layers)
    if takes is not None:
        config = config.model_copy(update=dict(_left_out(config, layers, takes)))
    if not config.models and (config.budget.usd or config.budget.tokens):
        spent = "usd" if config.budget.usd else "tokens"
        raise ConfigError(f"budget.{spent}: only models spend it, and this run has none; name one: --model openai:NAME")
    if not config.problem.statement_file:
        return config
    return _with_statement(config, folder, path)


def _with_statement(config: RunConfig, folder: Path, path: Path) -> RunConfig:
    """Read the statement file, so that a record needs no folder to be understood."""
    source = folder / config.problem.statement_file
    if config.problem.statement:
        raise ConfigError(f"{path}: problem.statement: there is a statement_file too; keep one of them")
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: problem.statement_file: cannot read {source}: {error}") from error
    problem = config.problem.model_copy(update={"statement": text, "statement_file": ""})
    return config.model_copy(update={"problem": problem})


def _left_out(
    config: RunConfig, layers: Sequence[Layer], takes: Callable[[str, str, str], bool]
) -> Iterator[tuple[str, Any]]:
    """Yield the tables to leave out, with what stands in their place; all `--set` together are one layer."""
    flags = [layer.label.startswith("--set ") for layer in layers]
    ranks = [flags.index(True) if flag else rank for rank, flag in enumerate(flags)]
    for table, kind in _FIELDS.items():
        said = [rank for rank, layer in zip(ranks, layers, strict=True) if layer.mentions([table])]
        named = [rank for rank, layer in zip(ranks, layers, strict=True) if _names(layer.table.get(kind))]
        if getattr(config, table) and max(said) < max(named, default=-1):
            use = getattr(config, kind).use
            if not takes(kind, use, table):
                _log.info("%s %r takes no %s: that of a lower layer is left out", kind, use, table)
                yield table, type(config).model_fields[table].default


def _names(table: Any) -> bool:
    return isinstance(table, str) or (isinstance(table, Mapping) and "use" in table)


def _validate(layers: Sequence[Layer]) -> RunConfig:
    merged: Any = reduce(merge, (layer.table for layer in layers), {})
    try:
        return RunConfig.model_validate(merged)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        context = first.get("ctx", {})
        path = [*first["loc"], *([context["key"]] if first["type"] == "unknown_key" else [])]
        label = next((layer.label for layer in reversed(layers) if layer.mentions(path)), layers[0].label)
        raise ConfigError(f"{label}: {'.'.join(map(str, path))}: {explain(first)}") from error
