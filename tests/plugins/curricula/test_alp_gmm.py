"""ALP-GMM: it learns the authors' toy where chance does not, and copes with any parameters."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from evolve import Curriculum, Instance, Trial
from evolve.testing import CurriculumContract
from evolve_plugins.curricula.alp_gmm import AlpGmm
from evolve_plugins.curricula.mixture import best_mixture

Judged = Callable[..., Trial]


class TestAlpGmmContract(CurriculumContract):
    def make(self) -> Curriculum:
        return AlpGmm(3, every=40, most=3)


def mastered(judged: Judged, curriculum: AlpGmm, episodes: int, seed: int) -> float:
    """Return the share of 10 by 10 cubes mastered: one can be learnt once a lower neighbour is.

    The toy of the paper: competence grows by 1 of 100 a visit, the reward is the competence, 75 is mastery.
    """
    rng = np.random.default_rng(seed)
    skill = dict.fromkeys(product(range(10), repeat=2), 0)
    cubes = {f"{x}/{y}": (x, y) for x, y in skill}
    instances = [Instance(name, {"x": x, "y": y, "label": name}) for name, (x, y) in cubes.items()]
    for number in range(episodes):
        (instance,) = curriculum.sample(instances, rng)
        x, y = cubes[instance.id]
        if (x, y) == (0, 0) or max(skill.get((x - 1, y), 0), skill.get((x, y - 1), 0)) >= 75:
            skill[x, y] = min(100, skill[x, y] + 1)
        curriculum.observe(judged(number, {instance.id: skill[x, y] / 100}))
    return float(np.mean([value > 75 for value in skill.values()]))


def test_it_masters_a_third_of_the_toy_where_chance_masters_next_to_nothing(judged: Judged) -> None:
    assert mastered(judged, AlpGmm(), 20_000, 1) >= 0.3
    assert mastered(judged, AlpGmm(share_random=1.0), 20_000, 1) <= 0.06


def test_a_mixture_finds_the_clusters_and_aic_their_number() -> None:
    rng = np.random.default_rng(1)
    centres = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])
    points = np.concatenate([centre + rng.normal(size=(200, 2)) * [1.0, 0.3] for centre in centres])
    mixture = best_mixture(points, range(1, 7))
    assert mixture is not None
    assert len(mixture.weights) == 3
    order = np.argsort(mixture.means @ [1.0, 2.0])
    assert np.allclose(mixture.means[order], centres, atol=0.3)
    assert np.allclose(mixture.weights, 1 / 3, atol=0.03)
    covariance = mixture.roots[0] @ mixture.roots[0].T
    assert np.allclose(covariance, np.diag([1.0, 0.09]), atol=0.25)


def test_points_that_coincide_or_are_few_do_no_harm() -> None:
    assert best_mixture(np.zeros((50, 3)), range(2, 5)) is not None
    assert best_mixture(np.zeros((5, 3)), range(2, 5)) is None


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_it_goes_where_scores_change_and_a_failure_counts_as_the_worst_score(judged: Judged, sign: float) -> None:
    instances = [Instance(f"i{n}", {"n": n}) for n in range(20)]
    curriculum, rng = AlpGmm(every=100, share_random=0.0), np.random.default_rng(1)
    for number in range(200):
        place = int(rng.integers(20))
        changing = None if number % 2 else sign * 4.0
        curriculum.observe(judged(number, {f"i{place}": changing if place >= 15 else sign * 1.0}, sign))
    places = [int(curriculum.sample(instances, np.random.default_rng(seed))[0].id[1:]) for seed in range(100)]
    assert np.mean([place >= 14 for place in places]) > 0.9


def test_without_common_numbers_it_draws_evenly(judged: Judged) -> None:
    instances = [Instance("a", {"x": 1}), Instance("b", {"y": True}), Instance("c", {"x": "many"})]
    curriculum = AlpGmm(every=20)
    for number in range(60):
        curriculum.observe(judged(number, {"abc"[number % 3]: float(number)}))
    picked = {curriculum.sample(instances, np.random.default_rng(seed))[0].id for seed in range(30)}
    assert picked == {"a", "b", "c"}
