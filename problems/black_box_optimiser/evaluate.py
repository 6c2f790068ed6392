"""Judge of step rules: lets a rule search on functions that it cannot look into, and says how far down it came.

All searches of one dimension go side by side, so that a rule is called once for each evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import primitives
from evolve_problems._shared.formula import Language, formula, simplify
from landscapes import FUNCTIONS, Landscape  # type: ignore[import-not-found]

from evolve import Candidate, Instance, Outcome, strict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from evolve.straight import StraightProgram

ENTRY = "step(z: float, last: float, sigma: float, success: float) -> tuple[float, float]"
EVALUATIONS, DECADES = 200, 8.0
Array = np.ndarray[Any, np.dtype[np.float64]]
Rule = Callable[[Array, Array, Array, Array], Any]
RIVALS: dict[str, Rule] = {
    "wide step": lambda z, last, sigma, success: (4.0 * z, sigma),
    "fixed step": lambda z, last, sigma, success: (z, sigma),
    "1/5 rule": lambda z, last, sigma, success: (
        sigma * np.exp(0.6 * (success - 0.2)) * z,
        sigma * np.exp(0.6 * (success - 0.2)),
    ),
}


def instances() -> list[Instance]:
    """Return sets of searches: a few, those to train on, those to choose on, and those for the end."""
    few, every = ["sphere", "ellipsoid", "rosenbrock", "rastrigin"], list(FUNCTIONS)
    return [
        Instance("few", {"names": few, "dimensions": [5], "searches": 10, "seed": 1}),
        Instance("train", {"names": every, "dimensions": [3, 8], "searches": 10, "seed": 2}),
        Instance("validation", {"names": every, "dimensions": [3, 6, 9], "searches": 10, "seed": 3}, "validation"),
        Instance("test", {"names": every, "dimensions": [4, 12], "searches": 20, "seed": 4}, "test"),
    ]


def search(rule: Rule, landscape: Landscape, rng: np.random.Generator) -> tuple[Array, Array, float]:
    """Return the decades gained after each evaluation by each search, log10 of its last step, and the success rate."""
    best, last = landscape.start, np.zeros_like(landscape.start)
    sigma, success = np.ones((len(best), 1)), np.zeros((len(best), 1))
    value = start = landscape.values(best)
    lowest, successes = [], 0
    for z in rng.normal(size=(EVALUATIONS, *best.shape)):
        step, sigma = _read(rule(z, last, sigma, success), best.shape)
        tried = best + step
        found = landscape.values(tried)
        better = found < value
        improved = better[:, None]
        value = np.where(better, found, value)
        best, last, success = np.where(improved, tried, best), np.where(improved, step, last), improved.astype(float)
        lowest.append(value)
        successes += int(np.count_nonzero(better))
    gained = np.clip(np.log10(start / np.maximum(lowest, 1e-300)), 0.0, DECADES)
    length = np.sqrt(np.square(step).mean(axis=1))
    return gained, np.log10(length + 1e-12), successes / len(best) / EVALUATIONS


def _read(answer: Any, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return a rule's answer as steps and step sizes, or refuse it."""
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise strict.Refused("step must return two things: the step, and the next step size")
    step, sigma = (np.asarray(part) for part in answer)
    if step.dtype.kind not in "iuf" or sigma.dtype.kind not in "iuf":
        raise strict.Refused("the step and the step size must be numbers")
    if step.shape not in ((), shape, (shape[0], 1)) or sigma.shape not in ((), (shape[0], 1)):
        raise strict.Refused(f"the step has the shape {step.shape}, not {shape}, or the step size {sigma.shape}")
    if not (np.isfinite(step).all() and np.isfinite(sigma).all()):
        raise strict.Refused("the step or the step size is NaN or infinite")
    size = np.minimum(np.maximum(sigma, 1e-12), 1e3)
    return (
        step if step.shape == shape else np.broadcast_to(step, shape),
        size if size.shape == (shape[0], 1) else np.broadcast_to(size, (shape[0], 1)),
    )


def searched(rule: Rule, instance: Instance) -> tuple[dict[str, float], Array, dict[str, float]]:
    """Return the decades gained on each function, and after each evaluation; and how the rule behaved."""
    count, parts = len(instance.names), []
    with np.errstate(all="ignore"):
        for dimension in instance.dimensions:
            landscape = Landscape(tuple(instance.names), dimension, instance.searches, instance.seed)
            parts.append(search(rule, landscape, np.random.default_rng((instance.seed, dimension, 1))))
    gained, steps, successes = zip(*parts, strict=True)
    each = np.mean([part[-1].reshape(count, -1).mean(axis=1) for part in gained], axis=0)
    curve = np.mean([part.mean(axis=1) for part in gained], axis=0)
    return (
        dict(zip(instance.names, map(float, each), strict=True)),
        curve,
        {
            "log10_step": float(np.mean(np.concatenate(steps))),
            "spread": float(np.std(np.concatenate(steps))),  # of log10_step: large when steps adapt to a search's unit
            "success_rate": float(np.mean(successes)),
        },
    )


def evaluate(candidate: Candidate, instance: Instance) -> Outcome:
    """Return the mean number of decades by which searches came nearer to the optimal value, at most 8 each."""
    each, curve, behaviour = searched(lambda *state: candidate.call("step", *state), instance)
    weakest = min(each, key=each.__getitem__)
    return Outcome.ok(
        float(np.mean(list(each.values()))),
        metrics={f"decades on {name}": value for name, value in each.items()},
        measures=behaviour,
        feedback=f"weakest on {weakest}: {each[weakest]:.2f} decades",
        solution={"gain": curve[9::10].tolist()},
    )


def probe(candidate: Candidate) -> list[Array]:
    """Return what a rule answers in some situations that come up."""
    rng = np.random.default_rng(0)
    z, last, sigma = rng.normal(size=(24, 3)), rng.normal(size=(24, 3)), 10.0 ** rng.uniform(-3.0, 1.0, (24, 1))
    last[:4], success = 0.0, (rng.random((24, 1)) < 0.3).astype(float)
    with np.errstate(all="ignore"):
        return list(_read(candidate.call("step", z, last, sigma, success), z.shape))


def explain(files: Mapping[str, str], main: str) -> str:
    """Return the rule without what makes no difference, and what it gains beside rules of the textbook."""
    language = Language(primitives, ENTRY)
    program = language.read(files[main])
    if program is None:
        return "The rule is no straight-line program, and is shown as it is."
    few, train = instances()[:2]

    def score(rule: StraightProgram, instance: Instance) -> float:
        return float(np.mean(list(searched(language.run(rule), instance)[0].values())))

    def same(rule: StraightProgram) -> bool:
        try:
            return score(rule, few) >= wanted - 1e-9
        except strict.Refused:
            return False

    wanted = score(program, few)
    lines = ["The rule, without what makes no difference:", ""]
    lines += [formula(simplify(program, same), ("step", "next sigma")), "", "Decades gained on the training functions:"]
    gained = {name: float(np.mean(list(searched(rule, train)[0].values()))) for name, rule in RIVALS.items()}
    gained["this rule"] = score(program, train)
    return "\n".join([*lines, *(f"{name:16}{value:.3f}" for name, value in gained.items())])


def overview(results: Sequence[Mapping[str, Any]]) -> Figure:
    """Return a picture of the last instance: the gain by evaluations, and by function, beside rules of the textbook."""
    from matplotlib.figure import Figure

    last = results[-1]
    rivals = {name: searched(rule, last["instance"]) for name, rule in RIVALS.items()}
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    evaluations = range(10, EVALUATIONS + 1, 10)
    left.plot(evaluations, last["solution"]["gain"], color="tab:red", linewidth=2.5, label="found")
    for name, (_, curve, _) in rivals.items():
        left.plot(evaluations, curve[9::10], linewidth=1.2, label=name)
    left.set(xlabel="evaluations", ylabel="decades gained, mean of all searches", title=f"on {last['instance'].id}")
    left.legend()
    names = last["instance"].names
    found = [last["metrics"][f"decades on {name}"] for name in names]
    known = [rivals["1/5 rule"][0][name] for name in names]
    rows = np.arange(len(names))
    right.barh(rows + 0.2, found, 0.4, color="tab:red", label="found")
    right.barh(rows - 0.2, known, 0.4, color="tab:green", label="1/5 rule")
    right.set(yticks=rows, yticklabels=names, xlabel="decades gained")
    right.legend()
    return figure
