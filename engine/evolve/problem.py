"""`Problem`: a loaded problem folder."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from evolve.config import RunConfig, load_config
from evolve.errors import ProblemError, did_you_mean
from evolve.overlay import Layer, explain
from evolve.program import Program
from evolve.registry import Registry

__all__ = ["Problem", "Record", "find_problem", "load_problem", "read_problem", "read_records"]


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Record:
    """A best known value, as somebody published it.

    Args:
        value: in the problem's unit.
        by: who found it.
        date: when, ISO text, as exact as known.
        source: where it stands.
        exact: an exact check has confirmed the value.
    """

    value: Annotated[float, Field(allow_inf_nan=False)]
    by: str
    date: str
    source: str = ""
    exact: bool = False


_PROMPTS = {".j2", ".txt"}
_RECORDS = TypeAdapter(dict[str, list[Record]])


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem folder, read and checked.

    Args:
        name: of the folder.
        folder: absolute path.
        config: what its `problem.toml` and the command line say.
        seeds: the first programs, at least one, all different.
        records: best known values by instance id.
        prompts: texts of its own prompt templates and of other files for operators (`prompts/*.j2`, `*.txt`), by name.
    """

    name: str
    folder: Path
    config: RunConfig
    seeds: tuple[Program, ...]
    records: Mapping[str, tuple[Record, ...]] = field(default_factory=dict)
    prompts: Mapping[str, str] = field(default_factory=dict)

    def best_known(self, instance_id: str) -> Record | None:
        """Return the best published record of an instance, in the problem's direction, or None."""
        known = self.records.get(instance_id, ())
        pick = max if self.config.problem.direction == "maximise" else min
        return pick(known, key=lambda record: record.value, default=None)


def find_problem(target: str | Path, registry: Registry) -> Path:
    """Return the folder that a target means: a folder, one of `./problems`, or the name of a shipped problem.

    Raises:
        ProblemError: there is none.
    """
    path = Path(target).expanduser()
    if path.name == "problem.toml":
        path = path.parent
    shipped = registry.problems()
    beside = Path("problems")
    for folder in (path, beside / target, shipped.get(str(target))):
        if folder is not None and (folder / "problem.toml").is_file():
            return folder
    if path.is_dir():
        raise ProblemError(f"{path}: no problem.toml; `evolve new problem NAME` writes a folder to start from")
    known = {*shipped, *(found.parent.name for found in beside.glob("*/problem.toml"))}
    raise ProblemError(f"no problem folder {str(target)!r}{did_you_mean(Path(target).name, known)}")


def load_problem(
    target: str | Path,
    registry: Registry,
    overrides: Sequence[str | Layer] = (),
    profile: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Problem:
    """Read a problem folder, and take its `plugin.py` into the registry.

    Args:
        target: a folder, or the name of a shipped problem.
        registry: of this run.
        overrides: `--set` texts, and layers of settings.
        profile: name of a profile of the file.
        extra: further settings from the caller.

    Raises:
        ProblemError: something is missing or malformed in the folder.
        ConfigError: a setting is wrong.
        PluginError: its `plugin.py` does not load.
    """
    folder = find_problem(target, registry)
    registry.add_folder(folder)
    return _read(folder, load_config(folder, overrides, profile, extra, partial(_takes, registry)))


def read_problem(folder: Path, registry: Registry, config: RunConfig) -> Problem:
    """Read a problem folder with a configuration that is known already, such as a recorded one.

    Args:
        folder: the problem folder.
        registry: of this run; takes in the folder's `plugin.py`.
        config: used as it is; `problem.toml` is not looked at.

    Raises:
        ProblemError: something is missing or malformed in the folder.
        PluginError: its `plugin.py` does not load.
    """
    registry.add_folder(folder)
    return _read(folder, config)


def _read(folder: Path, config: RunConfig) -> Problem:
    return Problem(
        name=folder.resolve().name,
        folder=folder.resolve(),
        config=config,
        seeds=tuple(dict.fromkeys(_seeds(folder, config))),
        records=read_records(folder, config.problem.records),
        prompts={path.name: _text(path) for path in sorted((folder / "prompts").glob("*")) if path.suffix in _PROMPTS},
    )


def _takes(registry: Registry, kind: str, name: str, field: str) -> bool:
    """Tell whether a plugin has a setting of that name."""
    return field in getattr(registry.resolve(kind, name), "__dataclass_fields__", {})


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProblemError(f"{path}: cannot be read: {error}") from error


def _seeds(folder: Path, config: RunConfig) -> Iterator[Program]:
    for pattern in config.program.seed:
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise ProblemError(f"{folder}: seed {pattern!r} lies outside the folder; write a path inside it")
        found = sorted(folder.glob(pattern)) if pattern else []
        if not found:
            raise ProblemError(f"{folder}: no seed {pattern!r}; write a first program there or set program.seed")
        for path in found:
            program = Program.from_path(path, f"program{path.suffix}")
            _check_seed(program, path)
            yield program


def _check_seed(program: Program, path: Path) -> None:
    if not any(text.strip() for text in program.files.values()):
        raise ProblemError(f"{path}: the seed is empty; write a first program, however poor")
    for name, text in program:
        where = path if path.is_file() else path / name
        try:
            program.regions(name)
        except ProblemError as error:
            raise ProblemError(f"{where.parent / ''}{error}") from error
        if name.endswith(".py"):
            try:
                ast.parse(text)
            except (SyntaxError, ValueError) as error:
                line = getattr(error, "lineno", None)
                raise ProblemError(
                    f"{where}{f':{line}' if line else ''}: the seed is not Python: {error.args[0]}"
                ) from error


def read_records(folder: Path, name: str) -> dict[str, tuple[Record, ...]]:
    """Return the best known values in a problem folder, by instance id; none when there is no such file.

    Raises:
        ProblemError: the file is malformed.
    """
    path = folder / name
    if not name or not path.is_file():
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        json.loads(text)  # says in which line it is no JSON
        read = _RECORDS.validate_json(text, strict=True)
    except json.JSONDecodeError as error:
        raise ProblemError(f"{path}:{error.lineno}: not JSON: {error.msg}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ProblemError(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "whole file"
        shape = '{"instance": [{"value", "by", "date"}]}'
        raise ProblemError(f"{path}: {place}: {explain(first)}; expected {shape}") from error
    return {instance: tuple(records) for instance, records in read.items()}
