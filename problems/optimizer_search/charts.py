"""Pictures: loss curves of a found rule beside AdamW and Lion, and what larger tasks say of the best of a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from evolve_problems._shared.training import TrainingTask, descend
from evolve_problems.optimizer_search.language import compiled
from evolve_problems.optimizer_search.rivals import RIVALS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["loss_curves", "overfitting"]

_COLOURS = {"found": "#d1495b", "AdamW": "#1b6ca8", "Lion": "#8a8f3c"}
_COLUMNS = 3
_POINTS = 100
_SMOOTH = 12  # points that are averaged are a twelfth of a curve


def loss_curves(results: Sequence[tuple[TrainingTask, Mapping[str, Any]]]) -> Figure:
    """Return one picture a task: minibatch losses, smoothed, each rule at its best learning rate.

    Args:
        results: tasks, and what the judge kept of the found rule there: "losses", evenly spaced over the training.
    """
    from matplotlib.figure import Figure

    columns = min(_COLUMNS, len(results))
    rows = -(-len(results) // columns)
    figure = Figure(figsize=(0.6 + 4.2 * columns, 0.4 + 3.2 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(results) :]:
        axes.set_axis_off()
    for axes, (task, solution) in zip(grid.flat, results, strict=False):
        curves = {name: _best_curve(name, task) for name in ("AdamW", "Lion")}
        curves["found"] = solution["losses"]
        for name, losses in curves.items():
            steps = np.linspace(0, task.steps - 1, len(losses))
            axes.plot(steps, _smoothed(losses), color=_COLOURS[name], lw=2.2 if name == "found" else 1.5, label=name)
        axes.set(title=task.id, xlabel="step", ylabel="loss", yscale="log")
        axes.grid(alpha=0.25, which="both")
    grid.flat[0].legend(frameon=False)
    return figure


def overfitting(found: Mapping[str, Sequence[tuple[float, float]]]) -> Figure:
    """Return the score in the search against the score on larger tasks, a dot a finalist.

    Args:
        found: (score in the search, score there) of the finalists, by stage.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axes = figure.subplots()
    for (stage, pairs), marker, colour in zip(
        found.items(), "os^v", ("#1b6ca8", "#d1495b", "#8a8f3c", "k"), strict=False
    ):
        axes.scatter(
            [x for x, _ in pairs], [y for _, y in pairs], marker=marker, color=colour, label=stage, s=46, alpha=0.85
        )
    axes.axhline(1.0, color="grey", lw=1, ls=":")
    axes.set(xlabel="score on the training tasks of the search", ylabel="score on larger tasks")
    axes.set_title("What a better search score is worth on larger tasks")
    axes.legend(frameon=False)
    axes.grid(alpha=0.25)
    return figure


def _best_curve(name: str, task: TrainingTask) -> list[float]:
    rival = RIVALS[name]
    rule = compiled(rival.program(rival.tuned))
    best = min(descend(rule, task, task.rates), key=lambda descent: descent.final)
    every = max(1, -(-len(best.losses) // _POINTS))
    return list(best.losses[::every])


def _smoothed(losses: Sequence[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return a running mean, over fewer points at the ends."""
    values = np.asarray(losses, dtype=float)
    half = max(1, len(values) // _SMOOTH // 2)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    begin, end = np.maximum(places - half, 0), np.minimum(places + half + 1, len(values))
    means: np.ndarray[Any, np.dtype[np.float64]] = (sums[end] - sums[begin]) / (end - begin)
    return means
