"""Regret replay: regrets are those of the direction, and the instances of high regret come again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from evolve import Curriculum, Instance, Trial
from evolve.testing import CurriculumContract
from evolve_plugins.curricula.regret_replay import RegretReplay

Judged = Callable[..., Trial]


class TestRegretReplayContract(CurriculumContract):
    def make(self) -> Curriculum:
        return RegretReplay(3)


class TestSoftmaxRegretReplayContract(CurriculumContract):
    def make(self) -> Curriculum:
        return RegretReplay(2, "softmax", replay=1.0, staleness=0.5)


def share_of_the_top_tenth(judged: Judged, seed: int, **settings: Any) -> float:
    """Return how much of the samples is among the 100 of 1000 instances whose true regret is highest."""
    rng, count = np.random.default_rng(seed), 1000
    regrets = rng.beta(1, 8, size=count)
    top = {f"i{n}" for n in np.argsort(-regrets)[: count // 10]}
    instances = [Instance(f"i{n}") for n in range(count)]
    curriculum = RegretReplay(32, **settings)

    def measure(ids: list[str]) -> Trial:
        return judged(2, {name: 1.0 - regrets[int(name[1:])] + 0.02 * rng.normal() for name in ids})

    curriculum.observe(judged(0, {i.id: 1.0 for i in instances}))
    curriculum.observe(measure([i.id for i in instances]))
    hits = 0
    for _ in range(100):
        picked = [instance.id for instance in curriculum.sample(instances, rng)]
        hits += len(top & {*picked})
        curriculum.observe(measure(picked))
    return hits / 3200


@pytest.mark.parametrize("seed", [1, 2])
def test_rank_finds_the_hardest_tenth_more_often_than_softmax_and_that_more_than_chance(
    judged: Judged, seed: int
) -> None:
    rank = share_of_the_top_tenth(judged, seed)
    softmax = share_of_the_top_tenth(judged, seed, prioritise="softmax")
    flat = share_of_the_top_tenth(judged, seed, temperature=1e9, staleness=0.0)
    assert rank > 0.8
    assert 0.3 < softmax < 0.6
    assert 0.07 < flat < 0.13
    assert 0.45 < share_of_the_top_tenth(judged, seed, temperature=1.0) < 0.6


@pytest.mark.parametrize(("sign", "regret"), [(1.0, 4.0), (-1.0, 3.0)])
def test_regret_is_what_the_last_program_missed_of_the_best(judged: Judged, sign: float, regret: float) -> None:
    curriculum = RegretReplay()
    for number, score in enumerate((9.0, 2.0, 5.0)):
        curriculum.observe(judged(number, {"a": score}, sign))
    assert curriculum.regret("a") == regret


def test_a_failure_misses_the_whole_range_and_what_nobody_solved_has_no_regret(judged: Judged) -> None:
    curriculum = RegretReplay()
    for number, score in enumerate((9.0, 2.0, None)):
        curriculum.observe(judged(number, {"a": score}))
    curriculum.observe(judged(3, {"never": None}))
    assert curriculum.regret("a") == 7.0
    assert curriculum.regret("never") == curriculum.regret("unknown") == 0.0


def test_new_instances_get_their_share_until_all_are_known(judged: Judged) -> None:
    instances = [Instance(f"i{n}") for n in range(40)]
    curriculum, rng = RegretReplay(4, replay=0.5), np.random.default_rng(1)
    curriculum.observe(judged(0, {f"i{n}": 1.0 for n in range(20)}))
    new = np.mean([sum(int(i.id[1:]) >= 20 for i in curriculum.sample(instances, rng)) for _ in range(200)])
    assert new == pytest.approx(2.0, abs=0.3)
    curriculum.observe(judged(1, {f"i{n}": 1.0 for n in range(20, 40)}))
    assert len(curriculum.sample(instances, rng)) == 4


def test_the_oldest_comes_again_although_its_regret_is_low(judged: Judged) -> None:
    instances = [Instance(name) for name in ("old", "a", "b")]
    curriculum = RegretReplay(1, staleness=0.5)
    curriculum.observe(judged(0, {"old": 1.0}))
    for number in range(1, 50):
        curriculum.observe(judged(number, {"a": float(number % 2), "b": 1.0}))
    curriculum.observe(judged(50, {"a": 0.0, "b": 1.0}))
    picked = [curriculum.sample(instances, np.random.default_rng(seed))[0].id for seed in range(200)]
    assert 60 < picked.count("old") < 120
    assert picked.count("a") > 60


def test_a_small_stage_is_judged_whole() -> None:
    instances = [Instance("a"), Instance("b")]
    assert RegretReplay(2).sample(instances, np.random.default_rng(1)) == instances
