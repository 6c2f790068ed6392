"""The training tasks of optimizer search, stage by stage.

A task's `reference` is the final loss of AdamW without bias correction, as in `seed.py`, at the best of 13 learning
rates from 0.0003 to 0.3; `python problems/optimizer_search/baseline.py --references` prints these numbers again.
"""

from __future__ import annotations

from evolve_problems._shared.training import TrainingTask

__all__ = ["META10", "META100", "SEALED", "SMOKE", "TASKS", "TRAIN"]

_RATES = tuple(float(f"{10 ** (step / 4):.2g}") for step in range(-12, -1))
_LOW, _MIDDLE, _HIGH = _RATES[:7], _RATES[2:9], _RATES[4:]
"""Four in a factor of ten: with fewer, a score hangs on whether a rule's scale happens to fit one of them."""

SMOKE = (TrainingTask("smoke", "quadratic", (10,), 50, 16, (0.03, 0.1), 101, 0.151, hardness=10.0),)
"""Filters broken rules in under a millisecond."""

TRAIN = (
    TrainingTask("train-quadratic", "quadratic", (40,), 300, 16, _HIGH, 1, 0.2834, hardness=300.0),
    TrainingTask("train-sparse", "sparse", (60,), 300, 8, _HIGH, 3, 0.06074, hardness=0.5),
    TrainingTask("train-valley", "valley", (12,), 120, 400, _HIGH, 2, 0.002238, hardness=3.0),
    TrainingTask("train-softmax", "digits", (), 100, 32, _HIGH, 4, 0.1574),
    TrainingTask("train-digits", "digits", (16,), 80, 100, _MIDDLE, 5, 0.113),
    TrainingTask("train-teacher", "teacher", (24,), 120, 32, _MIDDLE, 6, 1.016, bend="relu"),
)
"""What the search sees."""

META10 = (
    TrainingTask("meta10-quadratic", "quadratic", (120,), 1000, 16, _HIGH, 11, 0.5122, cost=10, hardness=1000.0),
    TrainingTask("meta10-sparse", "sparse", (150,), 800, 16, _HIGH, 12, 0.02849, cost=10, hardness=0.5),
    TrainingTask("meta10-digits", "digits", (32, 24), 500, 32, _MIDDLE, 13, 0.07832, cost=10, bend="relu"),
    TrainingTask("meta10-teacher", "teacher", (48,), 500, 64, _MIDDLE, 14, 0.6485, cost=10),
)
"""Ten times the work: picks among the best of the search."""

META100 = (
    TrainingTask("meta100-valley", "valley", (60,), 6000, 400, _HIGH, 21, 0.002827, cost=100, hardness=3.0),
    TrainingTask("meta100-digits", "digits", (96,), 1500, 64, _LOW, 22, 0.03555, cost=100, bend="relu"),
    TrainingTask("meta100-teacher", "teacher", (64, 48), 2500, 64, _LOW, 23, 0.5029, cost=100),
)
"""A hundred times the work: picks among the best of those."""

SEALED = (
    TrainingTask("sealed-quadratic", "quadratic", (64,), 150, 4, _HIGH, 31, 1.455, hardness=300.0, sealed=True),
    TrainingTask("sealed-sparse", "sparse", (100,), 200, 8, _HIGH, 32, 0.6026, hardness=1.0, sealed=True),
    TrainingTask("sealed-valley", "valley", (30,), 1000, 400, _HIGH, 33, 0.001516, cost=10, hardness=5.0, sealed=True),
    TrainingTask("sealed-softmax", "digits", (), 200, 16, _MIDDLE, 34, 0.1331, sealed=True),
    TrainingTask("sealed-relu", "digits", (40,), 250, 48, _MIDDLE, 35, 0.0815, bend="relu", sealed=True),
    TrainingTask("sealed-deep", "digits", (32, 32, 32), 800, 32, _LOW, 36, 0.06515, cost=10, sealed=True),
    TrainingTask("sealed-teacher", "teacher", (40, 20), 1000, 32, _LOW, 37, 0.7587, cost=10, sealed=True),
)
"""Other nets, other seeds, longer trainings, images that nothing else looks at: judged once, for the winner."""

TASKS = {task.id: task for suite in (SMOKE, TRAIN, META10, META100, SEALED) for task in suite}
"""All of them by id."""
