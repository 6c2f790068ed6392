"""Training tasks in NumPy: gradients are exact, draws are fixed, and losses count as they should."""

from __future__ import annotations

import dataclasses
import hashlib
import math

import numpy as np
import pytest
from evolve_problems._shared.training import Descent, TrainingTask, descend, digits, objective_of
from evolve_problems._shared.training.nets import Net

RATES = (0.01, 0.03)


def task(kind: str, size: tuple[int, ...], **changes: object) -> TrainingTask:
    return dataclasses.replace(TrainingTask("t", kind, size, 30, 8, RATES, 7, 0.5), **changes)


SMALL = [
    task("quadratic", (7,), hardness=30.0),
    task("valley", (6,), hardness=10.0),
    task("sparse", (9,), hardness=0.5),
    task("digits", ()),
    task("digits", (5,), bend="relu"),
    task("teacher", (6, 4)),
]


def slope(loss, w: np.ndarray, places: np.ndarray) -> np.ndarray:
    step = 1e-5
    moves = np.zeros((len(places), len(w)))
    moves[np.arange(len(places)), places] = step
    return np.array([(loss(w + move) - loss(w - move)) / (2 * step) for move in moves])


@pytest.mark.parametrize(
    ("sizes", "bend"),
    [((8, 4), "tanh"), ((8, 6, 4), "tanh"), ((8, 6, 4), "relu"), ((8, 6, 5, 4), "tanh"), ((8, 6, 5, 4), "relu")],
)
def test_the_gradient_of_a_net_is_that_of_finite_differences(sizes: tuple[int, ...], bend: str) -> None:
    rng = np.random.default_rng(3)
    net = Net(sizes, bend)
    w = net.start(rng) + 0.1 * rng.normal(size=net.count)
    x, targets = rng.normal(size=(9, 8)), np.eye(4)[rng.integers(4, size=9)]
    loss, gradient = net.loss_and_gradient(w, x, targets)
    assert loss == pytest.approx(net.loss(w, x, targets), rel=1e-12)
    everywhere = np.arange(net.count)
    assert gradient == pytest.approx(slope(lambda v: net.loss(v, x, targets), w, everywhere), abs=1e-7)


@pytest.mark.parametrize("small", SMALL, ids=lambda t: f"{t.kind}{t.size}")
def test_the_mean_gradient_over_many_steps_is_that_of_the_loss(small: TrainingTask) -> None:
    many = dataclasses.replace(small, steps=3000 if small.kind == "sparse" else 1000, batch=64)
    objective = objective_of(many)
    w = objective.start() + 0.1 * np.random.default_rng(1).normal(size=objective.start().size)
    found = [objective.step(w, step) for step in range(many.steps)]
    mean = np.mean([gradient for _, gradient in found], axis=0)
    places = np.argsort(-np.abs(mean))[:12]

    def loss(v: np.ndarray) -> float:
        return objective.loss(v)

    wanted = slope(loss, w, places)
    assert np.corrcoef(mean[places], wanted)[0, 1] > 0.9
    assert mean[places] == pytest.approx(wanted, rel=0.5, abs=0.05)


@pytest.mark.parametrize("small", SMALL, ids=lambda t: f"{t.kind}{t.size}")
def test_a_training_is_the_same_every_time_and_another_with_another_seed(small: TrainingTask) -> None:
    def train(chosen: TrainingTask) -> Descent:
        objective_of.cache_clear()
        return descend(lambda w, g, lr, v1, v2: (lr * g, v1, v2), chosen, [0.03])[0]

    assert train(small) == train(small)
    assert train(small).losses != train(dataclasses.replace(small, seed=8)).losses


@pytest.mark.parametrize("small", SMALL[:3], ids=lambda t: t.kind)
def test_weights_of_zero_are_no_optimum_of_a_made_up_loss(small: TrainingTask) -> None:
    objective = objective_of(small)
    w = objective.start()
    assert objective.loss(np.zeros_like(w)) > 0.2 * objective.loss(w)


def test_the_digits_are_the_published_ones_in_three_parts_that_never_change() -> None:
    with np.load(digits._FILE) as stored:
        whole = hashlib.sha256(stored["images"].tobytes() + stored["labels"].tobytes()).hexdigest()
    assert whole in (digits.__doc__ or "")
    parts = [digits.load(part) for part in ("train", "validation", "test")]
    assert [x.shape for x, _ in parts] == [(1000, 64), (397, 64), (400, 64)]
    assert all(x.min() == 0.0 and x.max() == 1.0 and set(y) == set(range(10)) for x, y in parts)
    rows = {bytes(row) for x, _ in parts for row in x}
    assert len(rows) > 1790
    first = hashlib.sha256(parts[2][0].tobytes()).hexdigest()[:12]
    assert first == hashlib.sha256(digits.load("test")[0].tobytes()).hexdigest()[:12]


def test_softmax_regression_reads_most_digits_after_a_short_training() -> None:
    chosen = task("digits", (), steps=200, batch=32)
    weights: list[np.ndarray] = []

    def rule(w, g, lr, v1, v2):
        weights.append(w)
        return 10.0 * lr * g, v1, v2

    assert descend(rule, chosen, [0.1])[0].final < 0.4
    x, labels = digits.load("validation")
    found = np.argmax(Net((64, 10)).scores(weights[-1][0], x), axis=1)
    assert np.mean(found == labels) > 0.9


def test_progress_is_minus_1_for_nan_0_for_standing_still_1_for_the_reference_and_at_most_2() -> None:
    chosen = task("quadratic", (7,), reference=0.5)

    def progress(final: float) -> float:
        return chosen.progress(Descent((), 4.0, final))

    assert progress(math.inf) == -1.0
    assert progress(4.0) == 0.0
    assert progress(0.5) == pytest.approx(1.0)
    assert progress(0.0) == progress(1e-12) == 2.0
    assert progress(399.0) == -1.0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_rule_that_runs_away_is_given_up_as_diverged(bad: float) -> None:
    for small in SMALL:
        found = descend(lambda w, g, lr, v1, v2: (np.full_like(w, bad), v1, v2), small, [0.1, 0.2])
        assert all(descent.diverged for descent in found)


@pytest.mark.parametrize("small", SMALL, ids=lambda t: f"{t.kind}{t.size}")
def test_trainings_side_by_side_go_as_each_goes_by_itself_also_when_one_is_given_up(small: TrainingTask) -> None:
    def rule(w, g, lr, v1, v2):
        return lr * g - np.where(lr > 1.0, 1e3, 0.0) * w, v1, v2

    rates = (0.01, 2.0, 0.1)
    together = descend(rule, small, rates)
    alone = [descend(rule, small, [rate])[0] for rate in rates]
    assert [descent.diverged for descent in together] == [False, True, False]
    for one, other in zip(together, alone, strict=True):
        assert one.losses == pytest.approx(other.losses, rel=1e-9)
        assert (one.first, one.final) == (other.first, pytest.approx(other.final, rel=1e-9))
    assert len(together[1].losses) < small.steps == len(together[0].losses)


def test_the_learning_rate_falls_along_a_cosine_from_the_first_step_to_nearly_0() -> None:
    seen: list[float] = []

    def rule(w, g, lr, v1, v2):
        seen.append(float(lr[0, 0]))
        return 0.0, v1, v2

    descend(rule, SMALL[0], [0.5])
    assert seen[0] == 0.5
    assert seen == sorted(seen, reverse=True)
    assert seen[15] == pytest.approx(0.25)
    assert 0.0 < seen[-1] < 0.01
