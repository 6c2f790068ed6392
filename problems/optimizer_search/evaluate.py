"""Judge of optimizer search: trainings in NumPy, a rule says how the weights move, and the loss near the end counts.

Only updates count. The slots of state belong to the rule: what it keeps there is its own affair, as long as it has the
shape of the weights. A rule sees weights, a gradient, the learning rate and its state; no data, no loss, no step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from evolve_problems._shared.training import Descent, TrainingTask, descend
from evolve_problems.optimizer_search import charts, report
from evolve_problems.optimizer_search.suites import META10, META100, SEALED, SMOKE, TASKS, TRAIN

from evolve import Candidate, Instance, Outcome
from evolve.instance import Split
from evolve.strict import Refused

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["evaluate", "explain", "instances", "overview", "probe"]

Vector = np.ndarray[Any, np.dtype[np.float64]]

_SPLITS: tuple[tuple[Split, tuple[TrainingTask, ...]], ...] = (
    ("train", (*SMOKE, *TRAIN)),
    ("validation", (*META10, *META100)),
    ("test", SEALED),
)
_REPLAYED = 3  # steps of each training that are asked again
_POINTS = 100  # of a stored loss curve, at most


def instances() -> list[Instance]:
    """Return all training tasks: search sees the small ones, larger ones choose among the best, the last are sealed."""
    found = []
    for split, tasks in _SPLITS:
        for task in tasks:
            params = {"kind": task.kind, "size": list(task.size), "steps": task.steps, "batch": task.batch}
            found.append(Instance(task.id, params, split=split, weight=float(task.cost)))
    return found


def evaluate(candidate: Candidate, instance: Instance) -> Outcome:
    """Return how far a rule brings one task, in units of AdamW, at learning rates that are the same for all."""
    task = TASKS[instance.id]
    player = _Player(candidate, task)
    with np.errstate(all="ignore"):
        descents = descend(player.update, task, task.rates)
        player.replay()
    progress = [task.progress(descent) for descent in descents]
    best = int(np.argmax(progress))
    losses = descents[best].losses
    every = max(1, -(-len(losses) // _POINTS))
    return Outcome.ok(
        task.score(progress),
        metrics={"best_progress": progress[best], "best_rate": task.rates[best], "diverged": progress.count(-1.0)},
        measures={
            "sensitivity": min(3.0, progress[best] - sum(progress) / len(progress)),  # to the learning rate, 0 to 3
            "evenness": player.evenness(best),  # of the last update: 1 when all coordinates move equally far; 0 to 1
        },
        feedback=_feedback(task, descents),
        solution={"rate": task.rates[best], "losses": [float(f"{loss:.5g}") for loss in losses[::every]]},
    )


def probe(candidate: Candidate) -> list[Vector]:
    """Return the updates of six steps along fixed gradients. State counts only through them."""
    rng = np.random.default_rng(20230213)
    size = 12
    w = rng.uniform(0.2, 2.0, size) * rng.choice([-1.0, 1.0], size)
    v1: Any = 0.0
    v2: Any = 0.0
    updates = []
    with np.errstate(all="ignore"):
        for step in range(6):
            scale = np.geomspace(0.05, 5.0, size)
            g = rng.permutation(scale) * rng.uniform(0.8, 1.2, size) * rng.choice([-1.0, 1.0], size, p=[0.3, 0.7])
            answer = candidate.call("update", w, g, 0.05 / (1 + step), v1, v2)
            update, v1, v2 = _three(answer, size)
            updates.append(np.broadcast_to(np.asarray(update, dtype=np.float64), (size,)).copy())
            w = w - 0.1 * g
    return updates


def explain(files: Mapping[str, str], main: str) -> str:
    """Return the rule in short: as code, as a formula, and beside tuned AdamW, Lion and momentum."""
    text: str = report.explanation(files[main])
    return text


def draw(solution: Any, instance: Instance) -> Figure:
    """Return loss curves of the rule, of AdamW and of Lion, each at its best learning rate."""
    figure: Figure = charts.loss_curves([(TASKS[instance.id], solution)])
    return figure


def overview(results: Sequence[Mapping[str, Any]]) -> Figure:
    """Return the loss curves of all tasks; one that two stages judged on is drawn once."""
    found = {result["instance"].id: result["solution"] for result in results if result["solution"]}
    figure: Figure = charts.loss_curves([(TASKS[name], solution) for name, solution in found.items()])
    return figure


class _Player:
    """Asks a candidate for updates, and afterwards whether it answers the same questions the same way again.

    A rule that keeps anything but its two slots of state, such as the step number or weights that it met in another
    training, answers differently in a fresh process. A straight-line rule cannot keep anything: it is asked for all
    trainings at once, and never again.
    """

    def __init__(self, candidate: Candidate, task: TrainingTask) -> None:
        self._candidate = candidate
        self._kept = set(np.random.default_rng(task.seed).choice(task.steps, size=_REPLAYED, replace=False).tolist())
        self._asked: list[tuple[tuple[Any, ...], Vector]] = []  # of one training at one step, and the answer
        self._last: Any = 0.0
        self._step = 0
        candidate.restart()

    def update(self, w: Vector, g: Vector, lr: Vector, v1: Any, v2: Any) -> tuple[Any, Any, Any]:
        """Return the updates of all trainings and their slots, which are lists for a rule behind the border."""
        if self._candidate.inline:
            update, v1, v2 = self._candidate.call("update", w, g, lr, v1, v2)
        else:
            update, v1, v2 = self._row_by_row(w, g, lr, v1, v2)
        if self._step in self._kept:
            self._last = update
        if self._step == 0 and not np.isfinite(update).all():
            raise Refused("the first update has NaN or infinity in it, though weights and gradient are finite")
        self._step += 1
        return update, v1, v2

    def replay(self) -> None:
        """Ask again, in a fresh process and in another order."""
        self._candidate.restart()
        for asked, before in reversed(self._asked):
            now = _three(self._candidate.call("update", *asked), asked[0].size)[0]
            if not np.array_equal(before, now, equal_nan=True):
                raise Refused("the same arguments got two different updates; keep state in v1 and v2 only")

    def evenness(self, row: int) -> float:
        """Return how equally far the coordinates of one training moved, late in it: 1 is equally far; 0 to 1."""
        sizes = np.abs(self._last[row] if np.ndim(self._last) else self._last)
        spread = float(np.sqrt(np.mean(sizes * sizes)))
        return min(1.0, float(np.mean(sizes)) / spread) if 0.0 < spread < np.inf else 0.0

    def _row_by_row(self, w: Vector, g: Vector, lr: Vector, v1: Any, v2: Any) -> tuple[Any, Any, Any]:
        updates = np.full_like(w, np.nan)
        slots = [list(slot) if isinstance(slot, list) else [slot] * len(w) for slot in (v1, v2)]
        for row in range(len(w)):
            if np.isnan(w[row]).all():  # given up
                continue
            asked = (w[row], g[row], float(lr[row, 0]), slots[0][row], slots[1][row])
            answer, slots[0][row], slots[1][row] = _three(self._candidate.call("update", *asked), w[row].size)
            updates[row] = answer
            if self._step in self._kept:
                self._asked.append((asked, np.array(answer)))
        return updates, slots[0], slots[1]


def _three(answer: Any, size: int) -> tuple[Any, Any, Any]:
    """Return an answer as an update and two slots of state, each a number or a flat vector of numbers.

    Raises:
        Refused: it is anything else.
    """
    if type(answer) not in (tuple, list) or len(answer) != 3:
        raise Refused("update must return three values: what to subtract from w, and the new v1 and v2")
    for name, value in zip(("the update", "v1", "v2"), answer, strict=True):
        if type(value) is np.ndarray:
            if value.shape not in ((size,), ()) or value.dtype.kind not in "fiu":
                raise Refused(f"{name} is an array of {value.dtype} of shape {value.shape}; it must be {size} numbers")
        elif type(value) not in (float, np.float64, int):
            raise Refused(f"{name} is of type {type(value).__name__}; it must be a number or {size} numbers")
        elif type(value) is int and abs(value) > 2**53:
            raise Refused(f"{name} is too large an integer")
    return answer[0], answer[1], answer[2]


def _feedback(task: TrainingTask, descents: Sequence[Descent]) -> str:
    ends = ", ".join(
        f"{rate:g}: {'diverged' if descent.diverged else f'{descent.final:.4g}'}"
        for rate, descent in zip(task.rates, descents, strict=True)
    )
    first = descents[0].first
    return f"{task.id}: loss {first:.4g} at the start; by learning rate {ends}; AdamW reaches {task.reference:.4g}"
