"""Self-play: the frontier moves along with what programs can do, and nothing beyond reach is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from evolve import Curriculum, Instance, Trial
from evolve.testing import CurriculumContract, teach
from evolve_plugins.curricula.self_play import SelfPlay

Judged = Callable[..., Trial]
STEP = np.linspace(-5.0, 35.0, 81)
CHAIN = [Instance(f"i{n}", {"hard": hard}, parents=(f"i{n - 2}",)) for n, hard in enumerate(STEP)]


class TestSelfPlayContract(CurriculumContract):
    def make(self) -> Curriculum:
        return SelfPlay(count=3)


def trained(
    judged: Judged, seed: int, choose: Callable[[SelfPlay, np.random.Generator, float], Sequence[int]]
) -> float:
    """Return the skill after 300 trials of 4 instances; it grows with solved instances that are harder than it."""
    rng, skill, curriculum = np.random.default_rng(seed), 0.0, SelfPlay()
    for number in range(300):
        hard = {f"i{n}": STEP[n] for n in choose(curriculum, rng, skill)}
        solved = {name: float(rng.random() < 1 / (1 + np.exp(h - skill))) for name, h in hard.items()}
        teach(curriculum, judged(number, solved))
        skill += 0.03 * sum(max(0.0, h - skill) * solved[name] for name, h in hard.items())
    return skill


def test_the_frontier_teaches_more_than_chance_and_that_more_than_what_is_easy(judged: Judged) -> None:
    for seed in (1, 2, 3):
        own = trained(judged, seed, lambda c, rng, _: [int(i.id[1:]) for i in c.sample(CHAIN, rng)])
        even = trained(judged, seed, lambda _, rng, __: list(rng.choice(len(CHAIN), 4, replace=False)))
        easy = trained(
            judged, seed, lambda _, rng, skill: list(np.argsort(np.abs(STEP - skill + 4) + rng.random(81))[:4])
        )
        assert own > 3.0 > 2.0 * even > 2.0 * easy


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_is_barely_solved_is_kept_and_what_is_never_or_always_solved_is_not(judged: Judged, sign: float) -> None:
    instances = [Instance(name) for name in ("never", "barely", "always")]
    curriculum = SelfPlay(solved_at=sign, count=1, explore=0.0, replay=0.0)
    for number in range(40):
        scores = {"always": 2.0, "barely": 2.0 if number % 10 == 3 else 0.5, "never": 0.5}
        teach(curriculum, judged(number, {k: v if sign > 0 else -v for k, v in scores.items()}, sign))
    picked = [curriculum.sample(instances, np.random.default_rng(seed))[0].id for seed in range(100)]
    assert picked.count("barely") > 95
    assert "never" not in picked
    assert curriculum.mastered("always") > 0.99 > 0.2 > curriculum.mastered("barely")


def test_a_failure_does_not_solve_an_instance(judged: Judged) -> None:
    curriculum = SelfPlay()
    before = curriculum.mastered("a")
    teach(curriculum, judged(0, {"a": None}))
    assert curriculum.mastered("a") < before


def test_new_instances_are_explored_children_of_solved_ones_first(judged: Judged) -> None:
    instances = [Instance("done"), Instance("child", parents=("done",)), *(Instance(f"o{n}") for n in range(8))]
    curriculum = SelfPlay(count=2, explore=0.5, replay=0.0)
    teach(curriculum, judged(0, {"done": 1.0}))
    picked = [i.id for seed in range(100) for i in curriculum.sample(instances, np.random.default_rng(seed))]
    assert picked.count("child") > 60
    fresh = SelfPlay(count=2).sample(instances, np.random.default_rng(1))
    assert len(fresh) == 2


def test_the_shares_are_kept_and_what_one_lacks_goes_to_the_others(judged: Judged) -> None:
    instances = [Instance(f"i{n}") for n in range(8)]
    curriculum = SelfPlay(count=4, explore=0.9, replay=0.9)
    for number in range(10):
        teach(curriculum, judged(number, {f"i{n}": float(number % 5 == 0 or n == 0) for n in range(8)}))
    for seed in range(20):
        assert len({i.id for i in curriculum.sample(instances, np.random.default_rng(seed))}) == 4
