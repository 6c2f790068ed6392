"""What decides an outcome beside the program: the digest of a problem, its evaluator and what they depend on."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from evolve.border import Description
from evolve.codec import instance_to_plain
from evolve.problem import Problem
from evolve.registry import Registry

__all__ = ["problem_digest"]

_CODE = {".py", ".so", ".pyd"}
_WRITTEN = ("record.sqlite", "outcomes.sqlite")
"""Files that mark a folder of a run or of a cache."""


def problem_digest(problem: Problem, registry: Registry, description: Description) -> str:
    """Return a content address, 32 hexadecimal digits, that only problems with equal judges share.

    It covers every file of the problem folder but tests, baselines, documentation, published records and
    `problem.toml`; the code of folders beside it whose names begin with "_"; of `problem.toml` the entry, the
    parameters, the evaluator and the sandbox; the evaluator's own file; the instances with their parameters; and the
    versions of Python, NumPy and evolve. What does not matter may change it; what matters cannot be left out.

    Args:
        problem: the problem.
        registry: knows the evaluator.
        description: of the problem, as its evaluator gave it.
    """
    config = problem.config
    path, settings = registry.locate("evaluator", config.evaluator)
    facts = {
        "name": problem.name,
        "called": [config.program.entry, *config.program.called],
        "params": config.params,
        "evaluator": [path, settings, _source_of(path)],
        "sandbox": config.sandbox.model_dump(include={"preload", "tier"}),
        "instances": [instance_to_plain(instance) for instance in description.instances],
        "files": dict(_files(problem.folder, config.problem.records)),
        "versions": [platform.python_version(), metadata.version("numpy"), metadata.version("evolve-engine")],
    }
    return hashlib.blake2b(json.dumps(facts, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()


def _files(folder: Path, records: str) -> Iterator[tuple[str, str]]:
    """Yield the files that scores may depend on, with their digests."""
    paths = sorted(folder.rglob("*"))
    written = {path.parent for path in paths if path.name in _WRITTEN} - {folder}
    for path in paths:
        name = path.relative_to(folder)
        odd = any(part.startswith((".", "__pycache__")) for part in name.parts) or not written.isdisjoint(path.parents)
        odd = odd or path.name == "lock" or path.name.startswith(_WRITTEN)
        told = path.suffix == ".md" or path.name.startswith("test_")
        if path.is_file() and not odd and not told and str(name) not in ("problem.toml", "baseline.py", records):
            yield str(name), _digest(path)
    for beside in sorted(folder.parent.glob("_*/**/*")):
        if beside.suffix in _CODE and beside.is_file() and "__pycache__" not in beside.parts:
            yield str(Path("..") / beside.relative_to(folder.parent)), _digest(beside)


def _source_of(path: str) -> str:
    """Return the digest of the file that an evaluator is written in, or "" when it has none."""
    try:
        found = importlib.util.find_spec(path.partition(":")[0])
    except (ImportError, ValueError):
        return ""
    file = Path(found.origin) if found is not None and found.origin else None
    return _digest(file) if file is not None and file.is_file() else ""


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
