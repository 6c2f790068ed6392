"""`PythonEvaluator`: a problem folder's own `evaluate.py`."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import io
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from evolve.errors import ProblemError, did_you_mean
from evolve.evaluation import Outcome, Verdict
from evolve.instance import Instance
from evolve.interfaces import Candidate, Description, Evaluator, Setup
from evolve.judge import blame
from evolve.primitives import PrimitiveSet, describe

__all__ = ["PythonEvaluator"]


@dataclass
class PythonEvaluator(Evaluator):
    """Judge with the functions of `evaluate.py` in the problem folder.

    `evaluate(candidate, instance)` is required. Optional are `instances(**params)`, `probe(candidate)`,
    `verify(solution, instance)`, `draw(solution, instance)`, `overview(results)` and `explain(files, main)`, and beside
    it a `primitives.py`. `probe` and `explain` also get those of the problem's `[params]` that they have arguments for.

    Args:
        file: the judge's file in the problem folder.
    """

    file: str = "evaluate.py"
    _module: ModuleType = field(init=False, repr=False)
    _folder: Path = field(init=False, repr=False)
    _params: Mapping[str, Any] = field(init=False, repr=False)

    def open(self, setup: Setup) -> Description:
        """Load the folder's code and say what it offers.

        Raises:
            ProblemError: the folder's code is missing, does not import, or breaks its contract.
        """
        self._folder = Path(setup.folder).resolve()
        self._params = setup.params
        os.environ.setdefault("MPLBACKEND", "Agg")
        if str(self._folder) not in sys.path:
            sys.path.insert(0, str(self._folder))
        primitives = _read_primitives(self._folder, setup.entry, setup.params)
        path = self._folder / self.file
        if not path.is_file():
            raise ProblemError(f"{self._folder} has no {self.file}; write one with evaluate(candidate, instance)")
        name = f"evaluate_{self._folder.name}_{hashlib.blake2b(str(path).encode(), digest_size=4).hexdigest()}"
        self._module = _load(path, name)
        if not callable(getattr(self._module, "evaluate", None)):
            raise ProblemError(f"{path} has no function evaluate(candidate, instance)")
        return Description(
            instances=self._read_instances(setup.params),
            primitives=primitives,
            probe=self._offers("probe"),
            verify=self._offers("verify"),
            draw=self._offers("draw"),
            overview=self._offers("overview"),
            explain=self._offers("explain"),
        )

    def evaluate(self, candidate: Candidate, instance: Instance) -> Outcome:
        """Return what the folder's `evaluate` says."""
        outcome: Outcome = self._module.evaluate(candidate, instance)
        return outcome

    def probe(self, candidate: Candidate) -> Any:
        """Return what the folder's `probe` says."""
        return self._module.probe(candidate, **self._wanted(self._module.probe))

    def verify(self, solution: Any, instance: Instance) -> Verdict:
        """Return what the folder's `verify` says."""
        verdict: Verdict = self._module.verify(solution, instance)
        return verdict

    def draw(self, solution: Any, instance: Instance) -> Mapping[str, bytes]:
        """Return the pictures that the folder's `draw` makes: from SVG text, or from a matplotlib figure."""
        return _pictures(self._module.draw(solution, instance), "draw")

    def overview(self, results: Sequence[Mapping[str, Any]]) -> Mapping[str, bytes]:
        """Return the pictures that the folder's `overview` makes: from SVG text, or from a matplotlib figure."""
        return _pictures(self._module.overview(results), "overview")

    def explain(self, files: Mapping[str, str], main: str) -> str:
        """Return what the folder's `explain` says."""
        return str(self._module.explain(files, main, **self._wanted(self._module.explain)))

    def _wanted(self, function: Callable[..., Any]) -> dict[str, Any]:
        """Return those of the problem's parameters that a function has arguments for."""
        accepted = inspect.signature(function).parameters
        return {name: value for name, value in self._params.items() if name in accepted}

    def _offers(self, name: str) -> bool:
        return callable(getattr(self._module, name, None))

    def _read_instances(self, params: Mapping[str, Any]) -> tuple[Instance, ...]:
        function = getattr(self._module, "instances", None)
        if function is None:
            return (Instance("default", dict(params)),)
        where = f"{self._folder.name}/{self.file}: instances()"
        _check_params(function, params, where)
        try:
            found = function(**params)
            found = tuple(found) if isinstance(found, Iterable) else found
        except (Exception, SystemExit) as error:  # border: the problem's own code may raise anything
            raise ProblemError(f"{where} failed: {blame(error, self._folder)}") from error
        return _checked(found, where)


def _checked(found: Any, where: str) -> tuple[Instance, ...]:
    if not isinstance(found, tuple):
        raise ProblemError(f"{where} returned {type(found).__name__}; return a list of evolve.Instance")
    if not found:
        raise ProblemError(f"{where} returned no instance; return at least one")
    seen: set[str] = set()
    for instance in found:
        if not isinstance(instance, Instance):
            kind = type(instance).__name__
            raise ProblemError(f"{where} returned a list with {kind} in it; return a list of evolve.Instance")
        if not instance.id:
            raise ProblemError(f"{where}: an instance has the empty id ''; give each its own name")
        if instance.id in seen:
            raise ProblemError(f"{where}: two instances have the id {instance.id!r}; give each its own")
        seen.add(instance.id)
    return found


def _load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # border: the problem's own code may raise anything
        del sys.modules[name]
        raise ProblemError(f"{path} does not import: {blame(error, path.parent)}") from error
    return module


def _check_params(function: Callable[..., Any], params: Mapping[str, Any], where: str) -> None:
    accepted = inspect.signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in accepted.values()):
        return
    for name in params:
        if name not in accepted:
            hint = did_you_mean(name, accepted) or "; it takes none"
            raise ProblemError(f"unknown parameter {name!r} of {where}{hint}")
    for name, parameter in accepted.items():
        if parameter.default is parameter.empty and name not in params:
            raise ProblemError(f"{where} needs the parameter {name!r}; give it a default or set it in [params]")


def _read_primitives(folder: Path, entry: str, params: Mapping[str, Any]) -> PrimitiveSet | None:
    path = folder / "primitives.py"
    if not path.is_file():
        return None
    module = _load(path, "primitives")
    blocks = []
    for value in vars(module).values():
        if callable(value) and hasattr(value, "__primitive_cost__"):
            try:
                blocks.append(describe(value))
            except (TypeError, NameError) as error:
                raise ProblemError(f"{path}: {error}") from error
    name, arguments, returns = _read_entry(entry)
    commutative = tuple(sorted(getattr(module, "COMMUTATIVE", ())))
    unknown = set(commutative) - {block.name for block in blocks}
    if unknown:
        raise ProblemError(f"{path}: COMMUTATIVE names {min(unknown)!r}, which is no primitive")
    return PrimitiveSet("primitives", tuple(blocks), name, arguments, returns, _choices(module, params), commutative)


def _choices(module: ModuleType, params: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    """Return what the module's `choices(**params)` says of the literals of its types."""
    function = getattr(module, "choices", None)
    if function is None:
        return {}
    where = f"{Path(str(module.__file__)).parent.name}/primitives.py: choices()"
    try:
        found = {str(name): tuple(texts) for name, texts in function(**params).items()}
    except (Exception, SystemExit) as error:  # border: the problem's own code may raise anything
        raise ProblemError(f"{where} failed: {blame(error, Path(str(module.__file__)).parent)}") from error
    if not all(type(text) is str and text for texts in found.values() for text in texts):
        raise ProblemError(f"{where} must return lists of texts by type name")
    return found


def _read_entry(entry: str) -> tuple[str, dict[str, str], str]:
    try:
        (function,) = ast.parse(f"def {entry}: ...").body
    except (SyntaxError, ValueError):
        function = None
    if not isinstance(function, ast.FunctionDef):
        raise ProblemError(f"entry {entry!r} is not a signature; write it like 'pack(n: int) -> Circles'")
    arguments = {}
    for argument in function.args.args:
        if argument.annotation is None:
            raise ProblemError(f"entry {entry!r}: argument {argument.arg!r} has no type")
        arguments[argument.arg] = ast.unparse(argument.annotation)
    if function.returns is None:
        raise ProblemError(f"entry {entry!r} has no result type; write it like 'pack(n: int) -> Circles'")
    return function.name, arguments, ast.unparse(function.returns)


def _pictures(drawn: Any, name: str) -> Mapping[str, bytes]:
    if isinstance(drawn, str):
        return {"svg": drawn.encode()}
    if hasattr(drawn, "savefig"):
        return {"svg": _saved(drawn, "svg"), "png": _saved(drawn, "png")}
    raise ProblemError(f"{name} returned {type(drawn).__name__}; return a matplotlib figure or a string of SVG")


def _saved(figure: Any, ending: str) -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format=ending, bbox_inches="tight", dpi=150)
    return picture.getvalue()
