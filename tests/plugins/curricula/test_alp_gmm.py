"""ALP-GMM: it learns the authors' toy where chance does not, and copes with any parameters."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from evolve import Curriculum, Instance, Outcome, Trial
from evolve.interfaces import MakeInstance, Retire
from evolve.testing import CurriculumContract, make_trial, teach
from evolve.trial import Scored
from evolve_plugins.curricula.alp_gmm import AlpGmm
from evolve_plugins.curricula.mixture import best_mixture

Judged = Callable[..., Trial]


RNG = np.random.default_rng(1)


class TestAlpGmmContract(CurriculumContract):
    def make(self) -> Curriculum:
        return AlpGmm(3, every=40, most=3)


class TestAlpGmmThatMakesInstancesContract(CurriculumContract):
    def make(self) -> Curriculum:
        return AlpGmm(2, every=40, most=3, ranges={"x": (0.0, 5.0), "y": (-1.0, 1.0)})


class Cubes:
    """The toy of the paper: 10 by 10 cubes; one can be learnt once a lower neighbour is.

    Competence grows by 1 of 100 a visit, the reward is the competence, 75 is mastery.
    """

    def __init__(self) -> None:
        self.skill = dict.fromkeys(product(range(10), repeat=2), 0)

    def visit(self, x: int, y: int) -> float:
        """Return the reward of an episode in a cube."""
        if (x, y) == (0, 0) or max(self.skill.get((x - 1, y), 0), self.skill.get((x, y - 1), 0)) >= 75:
            self.skill[x, y] = min(100, self.skill[x, y] + 1)
        return self.skill[x, y] / 100

    @property
    def mastered(self) -> float:
        """Return the share of cubes that are mastered."""
        return float(np.mean([value > 75 for value in self.skill.values()]))


def sampled(judged: Judged, curriculum: AlpGmm, episodes: int, seed: int) -> float:
    """Return the share of cubes that are mastered by sampling among an instance of each."""
    rng, cubes = np.random.default_rng(seed), Cubes()
    instances = {f"{x}/{y}": Instance(f"{x}/{y}", {"x": x, "y": y, "label": "any"}) for x, y in cubes.skill}
    for number in range(episodes):
        (instance,) = curriculum.sample(list(instances.values()), rng)
        teach(curriculum, judged(number, {instance.id: cubes.visit(instance.x, instance.y)}), [instance])
    return cubes.mastered


def made(judged: Judged, curriculum: AlpGmm, episodes: int, seed: int) -> float:
    """Return the share of cubes that are mastered on instances that the curriculum makes."""
    rng, cubes = np.random.default_rng(seed), Cubes()
    active = {"first": Instance("first", {"x": 0.0, "y": 0.0})}
    for number in range(episodes):
        (instance,) = curriculum.sample(list(active.values()), rng)
        score = cubes.visit(min(9, int(instance.x)), min(9, int(instance.y)))
        teach(curriculum, judged(number, {instance.id: score}), [instance])
        for change in curriculum.revise(list(active.values()), rng):
            if isinstance(change, MakeInstance):
                active[change.instance.id] = change.instance
            else:
                del active[change.instance]
    assert len(active) == 17
    return cubes.mastered


def test_it_masters_a_third_of_the_toy_where_chance_masters_next_to_nothing(judged: Judged) -> None:
    space = {"x": (0.0, 10.0), "y": (0.0, 10.0)}
    assert made(judged, AlpGmm(ranges=space), 20_000, 1) >= 0.3  # 0.350 ± 0.028 is known
    assert made(judged, AlpGmm(ranges=space, share_random=1.0), 20_000, 1) <= 0.06


def test_so_it_does_where_it_samples_among_the_instances_there_are(judged: Judged) -> None:
    assert sampled(judged, AlpGmm(), 9_000, 1) >= 0.3
    assert sampled(judged, AlpGmm(share_random=1.0), 9_000, 1) <= 0.02


def test_what_it_makes_lies_in_the_ranges_keeps_all_else_and_serves_once() -> None:
    model = Instance("model", {"n": 4, "x": 0.5, "name": "kept"}, group="g", weight=2.0)
    curriculum = AlpGmm(count=2, ranges={"n": (3, 9), "x": (-1.0, 1.0)})
    changes = curriculum.revise([model], RNG)
    instances = [change.instance for change in changes if isinstance(change, MakeInstance)]
    assert len(instances) == len(changes) == 16
    assert {instance.n for instance in instances} <= set(range(3, 10))
    assert all(
        -1.0 <= i.x <= 1.0 and i.name == "kept" and (i.group, i.weight, i.split) == ("g", 2.0, "train")
        for i in instances
    )
    served = curriculum.sample([model, *instances], RNG)
    assert len(served) == 2
    assert model not in served
    for instance in served:
        scored = Scored(instance.id, "main", Outcome.ok(1.0))
        curriculum.update(make_trial(1, 1.0), scored, instance)
    later = curriculum.revise([model, *instances], RNG)
    assert {change.instance for change in later if isinstance(change, Retire)} == {instance.id for instance in served}
    assert len([change for change in later if isinstance(change, MakeInstance)]) == 2


def test_a_stage_without_instances_of_its_making_is_judged_whole() -> None:
    fixed = [Instance(f"fixed{n}", {"x": float(n)}) for n in range(5)]
    assert AlpGmm(ranges={"x": (0.0, 4.0)}).sample(fixed, RNG) == fixed


def test_a_range_that_is_upside_down_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"ranges.x: write \[lowest, highest\], not \[2, 1\]"):
        AlpGmm(ranges={"x": (2, 1)})


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
        teach(curriculum, judged(number, {f"i{place}": changing if place >= 15 else sign * 1.0}, sign), instances)
    places = [int(curriculum.sample(instances, np.random.default_rng(seed))[0].id[1:]) for seed in range(100)]
    assert np.mean([place >= 14 for place in places]) > 0.9


def test_without_common_numbers_it_draws_evenly(judged: Judged) -> None:
    instances = [Instance("a", {"x": 1}), Instance("b", {"y": True}), Instance("c", {"x": "many"})]
    curriculum = AlpGmm(every=20)
    for number in range(60):
        teach(curriculum, judged(number, {"abc"[number % 3]: float(number)}), instances)
    picked = {curriculum.sample(instances, np.random.default_rng(seed))[0].id for seed in range(30)}
    assert picked == {"a", "b", "c"}
