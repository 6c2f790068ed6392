"""`RunConfig`: everything that can be set about a run, read from `problem.toml` and the command line.

Order, the later wins: defaults, `problem.toml`, a profile of it, `--set`, what the caller adds. A plugin table is
`use = "name"` and that plugin's own settings; which settings there are is the plugin's business (`evolve.registry`).
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from evolve.errors import ConfigError, did_you_mean
from evolve.evaluation import Limits
from evolve.overlay import Layer, explain, merge, parse_budget, parse_override, read_toml

__all__ = [
    "BudgetTable",
    "ClassKeysTable",
    "LimitsTable",
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

Positive = Annotated[float, Field(gt=0)]
Level = Literal["text", "source", "behaviour"]
PositiveInt = Annotated[int, Field(gt=0)]
_DEFAULT = Limits()
Names = Annotated[tuple[str, ...], Strict(False)]


class _Table(BaseModel):
    """A frozen table that answers an unknown key with the nearest known one."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            for key in data:
                if key not in cls.model_fields:
                    hint = did_you_mean(str(key), cls.model_fields)
                    raise PydanticCustomError("unknown_key", "unknown key{hint}", {"key": str(key), "hint": hint})
        return data


class PluginTable(BaseModel):
    """Which plugin to use, and its settings: `{use = "islands", count = 4}`, or just its name.

    Args:
        use: the name it was registered under.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    use: str = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _accept_a_name(cls, data: Any) -> Any:
        return {"use": data} if isinstance(data, str) else data

    @property
    def settings(self) -> dict[str, Any]:
        """The plugin's settings."""
        return dict(self.model_extra or {})


class ProblemTable(_Table):
    """What the problem is.

    Args:
        title: one line for people.
        statement: the task in words, Markdown.
        statement_file: a file of the folder to read the statement from instead.
        direction: which scores are better.
        source: where the problem comes from.
        records: file of best known values, which candidates cannot read.
    """

    title: str = ""
    statement: str = ""
    statement_file: str = ""
    direction: Literal["maximise", "minimise"] = "maximise"
    source: str = ""
    records: str = "records.json"


class ProgramTable(_Table):
    """What evolves.

    Args:
        seed: file, folder or glob pattern of the first programs, or a list of these.
        entry: signature of the function that the evaluator calls, such as "pack(n: int) -> Circles".
        also_called: names of further functions that the evaluator calls; all others may be renamed.
        evolvable: glob patterns of the files that may change.
    """

    seed: Names = ("seed.py",)
    entry: str = ""
    also_called: Names = ()
    evolvable: Names = ("*",)

    @field_validator("seed", mode="before")
    @classmethod
    def _accept_one_seed(cls, seed: Any) -> Any:
        return [seed] if isinstance(seed, str) else seed

    @field_validator("entry")
    @classmethod
    def _check_signature(cls, entry: str) -> str:
        head = entry if "(" in entry or not entry else f"{entry}()"
        try:
            ast.parse(f"def {head}: ..." if entry else "")
        except SyntaxError:
            raise PydanticCustomError(
                "entry", "{entry} is no signature; write one such as 'pack(n: int) -> Circles'", {"entry": repr(entry)}
            ) from None
        return entry

    @property
    def entry_name(self) -> str:
        """Name of the entry function, or ""."""
        return self.entry.partition("(")[0].strip()

    @property
    def called(self) -> tuple[str, ...]:
        """Names of all functions that the evaluator calls; empty when the problem does not say."""
        return (self.entry_name, *self.also_called) if self.entry_name else ()


class LimitsTable(_Table):
    """What one evaluation may use; see `evolve.Limits` for the units."""

    wall_s: Positive = _DEFAULT.wall_s
    cpu_s: Annotated[float, Field(ge=0)] = _DEFAULT.cpu_s
    memory_mb: PositiveInt = _DEFAULT.memory_mb
    result_mb: PositiveInt = _DEFAULT.result_mb
    output_kb: PositiveInt = _DEFAULT.output_kb
    scratch_mb: Annotated[int, Field(ge=0)] = _DEFAULT.scratch_mb
    threads: PositiveInt = _DEFAULT.threads
    fuel: Positive = _DEFAULT.fuel

    def limits(self) -> Limits:
        """Return them as the engine's own noun."""
        return Limits(**self.model_dump())


class StageTable(_Table):
    """One rung of the ladder; any field of `Limits` may be set in it too, and else is the problem's.

    Args:
        name: of the stage.
        instances: glob patterns of instance ids.
        min_score: a program that does worse (in the problem's direction) goes no further; None lets all valid ones on.
    """

    name: str = Field(min_length=1)
    instances: Names = ("*",)
    min_score: float | None = None
    wall_s: Positive | None = None
    cpu_s: Annotated[float, Field(ge=0)] | None = None
    memory_mb: PositiveInt | None = None
    result_mb: PositiveInt | None = None
    output_kb: PositiveInt | None = None
    scratch_mb: Annotated[int, Field(ge=0)] | None = None
    threads: PositiveInt | None = None
    fuel: Positive | None = None

    def limits(self, base: Limits) -> Limits:
        """Return the problem's limits with this stage's own laid over."""
        own = self.model_dump(include={field.name for field in dataclasses.fields(Limits)}, exclude_none=True)
        return dataclasses.replace(base, **own)


class ClassKeysTable(_Table):
    """When two programs count as the same.

    Args:
        levels: what is compared: the text, the normalised source, the probed behaviour.
    """

    levels: Annotated[tuple[Level, ...], Strict(False)] = ("text", "source", "behaviour")


class BudgetTable(_Table):
    """Where a run ends, whichever comes first; None is no limit; `cpu_seconds` counts the whole run."""

    trials: PositiveInt | None = None
    evaluations: PositiveInt | None = None
    seconds: Positive | None = None
    cpu_seconds: Positive | None = None


class RunTable(_Table):
    """How a run goes.

    Args:
        seed: of all its random streams, >= 0.
        order: commit as results come ("completed"), or in trial order whatever the timing ("fixed").
        workers: how many evaluations at once; 0 is one per core.
        in_flight: how many actions are open at once; 0 is chosen to keep the workers busy.
    """

    seed: Annotated[int, Field(ge=0)] = 0
    order: Literal["completed", "fixed"] = "completed"
    workers: Annotated[int, Field(ge=0)] = 0
    in_flight: Annotated[int, Field(ge=0)] = 0


class SandboxTable(_Table):
    """The border.

    Args:
        preload: modules that the warm parent of all candidates imports once.
        tier: what candidates may start: nothing ("pure"), threads, or compilers and other programs ("processes").
        required: the weakest isolation to accept, a rung from 1 (best) to 4.
        highest_rung: the best isolation to try, to test a weaker one on a machine that has more.
    """

    preload: Names = ("numpy",)
    tier: Literal["pure", "threads", "processes"] = "threads"
    required: Annotated[int, Field(ge=1, le=4)] = 3
    highest_rung: Annotated[int, Field(ge=1, le=4)] = 1


_USUAL = {
    "strategy": "steady_state",
    "archive": "islands",
    "selector": "tournament",
    "mutator": "bandit",
    "evaluator": "python",
    "executor": "local",
}
"""Which plugin the settings of a table belong to when the table does not say."""


class RunConfig(_Table):
    """The resolved configuration of one run, frozen; its plain form is the first event of the record.

    `archive` and `selector` are fields of the strategy, `mutators` one of the mutator: tables of their own because
    people change them most. "none" takes one away that a file has set.
    """

    problem: ProblemTable = ProblemTable()
    params: dict[str, Any] = {}
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
    overrides: Sequence[str] = (),
    profile: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> RunConfig:
    """Read a problem folder's `problem.toml` and lay everything else over it.

    Args:
        folder: the problem folder.
        overrides: `--set` texts, such as "archive.k=3".
        profile: name of a `[profile.NAME]` table of the file.
        extra: settings from the caller, such as a parsed `--budget`.

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
    layers += [parse_override(text) for text in overrides]
    layers.append(Layer("command line", dict(extra or {})))
    config = _validate(layers)
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
