"""Judge of symbolic regression: how well does a formula predict measurements that it never saw?"""

from __future__ import annotations

import ast
import csv
import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import primitives
from evolve_problems._shared.formula import Language, formula, simplify
from laws import LAWS  # type: ignore[import-not-found]

from evolve import Candidate, Instance, Outcome, strict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from evolve.straight import StraightProgram

Array = np.ndarray[Any, np.dtype[np.float64]]
FOLDER = Path(__file__).parent
Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
ROWS = {"train": 200, "validation": 200, "test": 500}
NOISE = 0.01  # standard deviation of the noise, in standard deviations of the target
FEWEST = 20
WORST = 1e6
SHOWN = 100  # predictions that are kept to be drawn


def instances(law: str = "gravity", data: str = "") -> list[Instance]:
    """Return three sets of rows: to fit on, to choose among the best, and one that nobody sees before the end."""
    if data:
        rows = table(data)
        _check_entry(data, rows.shape[1] - 1)
    elif law not in LAWS:
        raise ValueError(f"params.law is {law!r}; it is one of {', '.join(LAWS)}; for your own data set params.data")
    return [Instance(split, {"law": "" if data else law, "data": data}, split) for split in SPLITS]


@cache
def rows(law: str, data: str, split: Split) -> tuple[tuple[Array, ...], Array]:
    """Return the inputs, one array each, and the target of a split, all read-only.

    Of a law, "train" and "validation" have noise, and "test" has none and lies outside of their range. Of a file, they
    are 60, 20 and 20 % of the rows, drawn at random.
    """
    if data:
        found = table(data)
        order = np.random.default_rng(0).permutation(len(found))
        parts = np.split(order, [int(0.6 * len(found)), int(0.8 * len(found))])
        chosen = found[parts[SPLITS.index(split)]]
        inputs, target = chosen[:, :-1].T, chosen[:, -1]
    else:
        known, rng = LAWS[law], np.random.default_rng([SPLITS.index(split), *law.encode()])
        low, high = np.array(known.low), np.array(known.high)
        if split == "test":
            low, high = high, 2 * high - low
        inputs = rng.uniform(low, high, (ROWS[split], 3)).T
        target = known.target(*inputs)
        if split != "test":
            target = target + NOISE * target.std() * rng.standard_normal(len(target))
    inputs, target = np.ascontiguousarray(inputs), np.ascontiguousarray(target)
    inputs.setflags(write=False)
    target.setflags(write=False)
    return tuple(inputs), target


@cache
def table(data: str) -> Array:
    """Return a file of numbers: a line of names, then a line per measurement, the target in the last column.

    Raises:
        ValueError: it is not such a file; the text says where and why.
    """
    path = FOLDER / data
    if not path.is_file():
        raise ValueError(f"params.data: there is no file {path}")
    with path.open(newline="", encoding="utf-8") as file:
        lines = [line for line in csv.reader(file) if line]
    if not lines or len(lines[0]) < 2:
        raise ValueError(f"{path}: the first line must name at least one input and the target, with commas between")
    found = []
    for number, line in enumerate(lines[1:], 2):
        try:
            values = [float(text) for text in line]
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
        if len(values) != len(lines[0]) or not all(map(math.isfinite, values)):
            raise ValueError(f"{path}, line {number}: {len(lines[0])} finite numbers are wanted")
        found.append(values)
    if len(found) < FEWEST:
        raise ValueError(f"{path}: {len(found)} rows; at least {FEWEST} are wanted")
    if len({values[-1] for values in found}) == 1:
        raise ValueError(f"{path}: the target is always {found[0][-1]:g}")
    return np.array(found)


def _check_entry(data: str, inputs: int) -> None:
    """Refuse a file whose number of inputs is not that of the entry function."""
    entry = entry_of(FOLDER)
    (function,) = ast.parse(f"def {entry}: ...").body
    assert isinstance(function, ast.FunctionDef)
    if len(function.args.args) != inputs:
        names = ", ".join(f"x{place}" for place in range(inputs))
        typed = ", ".join(f"x{place}: float" for place in range(inputs))
        raise ValueError(
            f"{data} has {inputs} inputs and problem.toml says {entry!r}; write "
            f'entry = "predict({typed}) -> float" there, and def predict({names}) in seed.py'
        )


def entry_of(folder: Path) -> str:
    """Return the signature of the entry function that a folder's problem.toml names."""
    entry: str = tomllib.loads((folder / "problem.toml").read_text(encoding="utf-8"))["program"]["entry"]
    return entry


def evaluate(candidate: Candidate, instance: Instance) -> Outcome:
    """Return the mean squared error over the variance of the target: 0 is perfect, 1 is no better than the mean."""
    inputs, target = rows(instance.law, instance.data, instance.split)
    with np.errstate(all="ignore"):
        fitted = fit(lambda *columns: candidate.call("predict", *columns), instance.law, instance.data)
        predicted = fitted.predict(*inputs)
        error = score(predicted, target)
    off = np.abs(predicted - target)
    worst = int(off.argmax())
    place = ", ".join(f"{column[worst]:.4g}" for column in inputs)
    return Outcome.ok(
        error,
        metrics={"intercept": fitted.intercept, "slope": fitted.slope},
        feedback=f"R2 = {1 - error:.6f}; worst at ({place}): {predicted[worst]:.4g}, not {target[worst]:.4g}",
        solution={
            "intercept": fitted.intercept,
            "slope": fitted.slope,
            "predicted": [float(f"{value:.6g}") for value in predicted[:SHOWN]],
        },
    )


@dataclass(frozen=True)
class Fitted:
    """intercept + slope * shape(inputs), least squares on the training rows.

    Reference: M. Keijzer, Improving symbolic regression with interval arithmetic and linear scaling, EuroGP 2003.
    """

    shape: Callable[..., Any]
    intercept: float
    slope: float

    def predict(self, *inputs: Array) -> Array:
        """Return finite predictions.

        Raises:
            strict.Refused: the shape does not answer with one finite number per row.
        """
        return self.intercept + self.slope * _numbers(self.shape(*inputs), len(inputs[0]))


def fit(shape: Callable[..., Any], law: str, data: str) -> Fitted:
    """Return a shape with the intercept and slope that suit the training rows best; a constant has slope 0."""
    inputs, target = rows(law, data, "train")
    shaped = _numbers(shape(*inputs), len(target))
    middle = float(shaped.mean())
    spread = float(np.square(shaped - middle).mean())
    slope = float(np.mean((shaped - middle) * (target - target.mean())) / spread) if 1e-200 < spread < 1e200 else 0.0
    return Fitted(shape, float(target.mean()) - slope * middle if slope else float(target.mean()), slope)


def _numbers(answer: Any, count: int) -> Array:
    """Return an answer as finite floats, one per row."""
    if isinstance(answer, np.ndarray) and answer.ndim:
        if answer.shape != (count,) or answer.dtype.kind not in "iuf":
            raise strict.Refused(f"predict returned an array {answer.shape} of {answer.dtype}; return {count} numbers")
        if not np.isfinite(answer).all():
            raise strict.Refused("a prediction is NaN or infinite")
        return answer.astype(float)
    if isinstance(answer, list):
        return np.array(strict.numbers(answer, shape=(count,), name="predict"))
    return np.full(count, strict.number(answer, "predict"))


def score(predicted: Array, target: Array) -> float:
    """Return the normalised mean squared error, at most WORST."""
    error = float(np.mean(np.square(predicted - target)) / np.var(target))
    return error if error < WORST else WORST


def probe(candidate: Candidate, law: str = "gravity", data: str = "") -> Array:
    """Return the fitted predictions for the training rows: formulas that differ by intercept and slope are the same."""
    known = law if not data else ""
    with np.errstate(all="ignore"):
        fitted = fit(lambda *columns: candidate.call("predict", *columns), known, data)
        return fitted.predict(*rows(known, data, "train")[0])


def straight(law: str, data: str, split: Split) -> float:
    """Return the score of a straight line: linear least squares on the training rows."""
    inputs, target = rows(law, data, "train")
    fitted, *_ = np.linalg.lstsq(np.column_stack([*inputs, np.ones(len(target))]), target, rcond=None)
    others, wanted = rows(law, data, split)
    return score(np.column_stack([*others, np.ones(len(wanted))]) @ fitted, wanted)


def explain(files: Mapping[str, str], main: str, law: str = "gravity", data: str = "") -> str:
    """Return the formula, a simpler one that predicts the validation rows as well, and what both are worth."""
    law = law if not data else ""
    language = Language(primitives, entry_of(FOLDER))
    program = language.read(files[main])
    if program is None:
        return "The program is no straight-line program, and is shown as it is."

    def error(of: StraightProgram, split: Split) -> float:
        inputs, target = rows(law, data, split)
        try:
            with np.errstate(all="ignore"):
                return score(fit(language.run(of), law, data).predict(*inputs), target)
        except strict.Refused:
            return math.inf

    allowed = 1.02 * error(program, "validation") + 1e-12
    simpler = simplify(program, lambda changed: error(changed, "validation") <= allowed)
    lines = [_equation(program, language, law, data), ""]
    if simpler != program:
        simple = _equation(simpler, language, law, data)
        lines += ["Simpler, and on the validation rows as good to 2 %:", simple, ""]
    if law:
        lines += [f"The law behind the data: {LAWS[law].text}", ""]
    lines.append(f"{'mean squared error / variance':32}{'found':>12}{'simpler':>12}{'straight line':>15}")
    for split, what in zip(SPLITS, ("fitted on", "validation", "test"), strict=True):
        what += ", outside of that range" if law and split == "test" else ""
        found = f"{error(program, split):12.3g}{error(simpler, split):12.3g}{straight(law, data, split):15.3g}"
        lines.append(f"  {what:30}{found}")
    return "\n".join(lines)


def _equation(program: StraightProgram, language: Language, law: str, data: str) -> str:
    """Return a program as a formula, with its intercept and slope."""
    with np.errstate(all="ignore"):
        fitted = fit(language.run(program), law, data)
    *named, result = formula(program, ("target",)).splitlines()
    shape = result.removeprefix("target = ")
    return "\n".join([*named, f"target = {fitted.intercept:.4g} + {fitted.slope:.6g} * ({shape})"])


def overview(results: Sequence[Mapping[str, Any]]) -> Figure:
    """Return a picture: what the formula predicts against what was measured, where it was fitted and beyond."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for result, colour in zip(results, ("tab:blue", "tab:green", "tab:orange"), strict=False):
        instance, predicted = result["instance"], np.array(result["solution"]["predicted"])
        inputs, target = rows(instance.law, instance.data, instance.split)
        target = target[: len(predicted)]
        name = {"train": "fitted on", "validation": "validation"}.get(instance.split, "test")
        left.scatter(target, predicted, s=14, alpha=0.7, color=colour, label=f"{name}: error {result['score']:.2g}")
        left.axline((0, 0), slope=1, color="0.7", zorder=0)
        right.scatter(inputs[-1][: len(target)], (predicted - target) / target.std(), s=14, alpha=0.7, color=colour)
    left.set(xlabel="measured", ylabel="predicted")
    left.legend()
    right.axhline(0, color="0.7", zorder=0)
    right.set(xlabel=f"x{len(inputs) - 1}", ylabel="(predicted - measured) / standard deviation")
    return figure
