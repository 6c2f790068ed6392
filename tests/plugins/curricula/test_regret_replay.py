"""Regret replay: regrets are those of the direction, and the instances of high regret come again."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from evolve import Curriculum, Instance, Trial
from evolve.testing import CurriculumContract, teach
from evolve_plugins.curricula.regret_replay import RegretReplay

Judged = Callable[..., Trial]


class TestRegretReplayContract(CurriculumContract):
    def make(self) -> Curriculum:
        return RegretReplay(3)


class TestSoftmaxRegretReplayContract(CurriculumContract):
    def make(self) -> Curriculum:
        return RegretReplay(2, "softmax", replay=1.0, staleness=0.5)


HARD = 1.0 - 0.1 ** (1 / 8)
"""The regret that one in ten instances exceeds, when regrets are distributed as Beta(1, 8)."""


def share_of_the_top_tenth(
    judged: Judged, seed: int, *, fresh: int, steps: int, buffer: int = 10**6, **settings: Any
) -> float:
    """Return how many of the samples are instances whose true regret is among the highest tenth.

    A thousand instances are known from the start; `fresh` further ones are offered at each step, as by a generator of
    levels, and so many are kept as a buffer holds: those of the lowest regret leave. Whatever is judged for the first
    time is judged with a reference program, too, which scores 1.
    """
    rng = np.random.default_rng(seed)
    regrets: dict[str, float] = {}
    instances: list[Instance] = []
    curriculum = RegretReplay(32, **settings)

    def offer(count: int) -> None:
        made = [Instance(f"i{len(regrets) + n}") for n in range(count)]
        instances.extend(made)
        regrets.update({i.id: float(regret) for i, regret in zip(made, rng.beta(1, 8, size=count), strict=True)})

    def judge(ids: list[str]) -> None:
        unknown = [name for name in ids if name not in seen]
        seen.update(unknown)
        teach(curriculum, judged(0, dict.fromkeys(unknown, 1.0))) if unknown else None
        teach(curriculum, judged(1, {name: 1.0 - regrets[name] + 0.02 * rng.normal() for name in ids}))

    seen: set[str] = set()
    offer(1000)
    judge([instance.id for instance in instances])
    hits = 0
    for _ in range(steps):
        offer(fresh)
        picked = [instance.id for instance in curriculum.sample(instances, rng)]
        hits += sum(regrets[name] > HARD for name in picked)
        judge(picked)
        known = [instance for instance in instances if instance.id in seen]
        instances = sorted(known, key=lambda instance: -curriculum.regret(instance.id))[:buffer]
    return hits / (32 * steps)


@pytest.mark.parametrize(
    ("published", "settings"),
    [(0.547, {}), (0.359, {"prioritise": "softmax"}), (0.102, {"replay": 0.0})],
    ids=["rank", "softmax", "domain randomisation"],
)
def test_with_endless_new_levels_and_a_buffer_the_shares_of_the_hardest_tenth_are_the_known_ones(
    judged: Judged, published: float, settings: dict[str, Any]
) -> None:
    """How long the known run was is not said; softmax rises with it, since the buffer fills with high regrets."""
    usual = {"fresh": 32, "steps": 70, "buffer": 1000, "staleness": 0.0}
    shares = [share_of_the_top_tenth(judged, seed, **{**usual, **settings}) for seed in range(5)]
    error = float(np.std(shares, ddof=1)) / math.sqrt(len(shares))
    assert abs(float(np.mean(shares)) - published) < 3 * error + 0.005  # the last digit and the error of theirs


def test_where_all_instances_are_known_already_no_place_goes_to_new_ones_and_the_shares_are_higher(
    judged: Judged,
) -> None:
    rank, softmax, mild, flat = (
        share_of_the_top_tenth(judged, 1, fresh=0, steps=40, **settings)
        for settings in ({}, {"prioritise": "softmax"}, {"temperature": 1.0}, {"temperature": 1e9, "staleness": 0.0})
    )
    assert rank == pytest.approx(0.9 * 1.0 + 0.1 * 0.1, abs=0.04)  # a tenth of the places goes by age
    assert softmax == pytest.approx(0.9 * 0.61 + 0.1 * 0.1, abs=0.06)
    assert 0.45 < mild < 0.6
    assert 0.07 < flat < 0.13


@pytest.mark.parametrize(("sign", "regret"), [(1.0, 4.0), (-1.0, 3.0)])
def test_regret_is_what_the_last_program_missed_of_the_best(judged: Judged, sign: float, regret: float) -> None:
    curriculum = RegretReplay()
    for number, score in enumerate((9.0, 2.0, 5.0)):
        teach(curriculum, judged(number, {"a": score}, sign))
    assert curriculum.regret("a") == regret


def test_a_failure_misses_the_whole_range_and_what_nobody_solved_has_no_regret(judged: Judged) -> None:
    curriculum = RegretReplay()
    for number, score in enumerate((9.0, 2.0, None)):
        teach(curriculum, judged(number, {"a": score}))
    teach(curriculum, judged(3, {"never": None}))
    assert curriculum.regret("a") == 7.0
    assert curriculum.regret("never") == curriculum.regret("unknown") == 0.0


def test_new_instances_get_their_share_until_all_are_known(judged: Judged) -> None:
    instances = [Instance(f"i{n}") for n in range(40)]
    curriculum, rng = RegretReplay(4, replay=0.5), np.random.default_rng(1)
    teach(curriculum, judged(0, {f"i{n}": 1.0 for n in range(20)}))
    new = np.mean([sum(int(i.id[1:]) >= 20 for i in curriculum.sample(instances, rng)) for _ in range(200)])
    assert new == pytest.approx(2.0, abs=0.3)
    teach(curriculum, judged(1, {f"i{n}": 1.0 for n in range(20, 40)}))
    assert len(curriculum.sample(instances, rng)) == 4


def test_the_oldest_comes_again_although_its_regret_is_low(judged: Judged) -> None:
    instances = [Instance(name) for name in ("old", "a", "b")]
    curriculum = RegretReplay(1, staleness=0.5)
    teach(curriculum, judged(0, {"old": 1.0}))
    for number in range(1, 50):
        teach(curriculum, judged(number, {"a": float(number % 2), "b": 1.0}))
    teach(curriculum, judged(50, {"a": 0.0, "b": 1.0}))
    picked = [curriculum.sample(instances, np.random.default_rng(seed))[0].id for seed in range(200)]
    assert 60 < picked.count("old") < 120
    assert picked.count("a") > 60


def test_a_small_stage_is_judged_whole() -> None:
    instances = [Instance("a"), Instance("b")]
    assert RegretReplay(2).sample(instances, np.random.default_rng(1)) == instances
