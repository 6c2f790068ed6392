"""`Lexicase`: special cases whose probabilities are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import permutations
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from evolve import Outcome, Selector, Trial
from evolve.testing import SelectorContract, make_trial
from evolve.trial import Scored
from evolve_plugins.selectors.lexicase import Lexicase

DRAWS = 4000
Variant = Literal["static", "semi-dynamic", "dynamic"]
VARIANTS: tuple[Variant, ...] = ("static", "semi-dynamic", "dynamic")
every_variant = pytest.mark.parametrize("variant", VARIANTS)


class TestLexicaseContract(SelectorContract):
    def make(self) -> Selector:
        return Lexicase(parents=2, inspirations=2)


class TestStaticLexicaseContract(SelectorContract):
    def make(self) -> Selector:
        return Lexicase(variant="static")


def judged(number: int, scores: Sequence[float], sign: float = 1.0, stage: str = "full") -> Trial:
    outcomes = tuple(Scored(f"n{i}", stage, Outcome.ok(sign * score)) for i, score in enumerate(scores))
    mean = float(np.mean(scores))
    return Trial(number, make_trial().program, outcomes=outcomes, score=sign * mean, fitness=mean)


def table(rows: Sequence[Sequence[float]], sign: float = 1.0) -> list[Trial]:
    return sorted((judged(i, row, sign) for i, row in enumerate(rows)), key=lambda t: (-(t.fitness or 0.0), t.number))


def chances(trials: Sequence[Trial], variant: Variant = "semi-dynamic") -> list[int]:
    rng, selector = np.random.default_rng(5), Lexicase(variant=variant, parents=1)
    counts = Counter(selector.select(trials, rng).parents[0].number for _ in range(DRAWS))
    return [counts[number] for number in range(len(trials))]


def fits(observed: Sequence[int], expected: Sequence[float]) -> bool:
    wanted = DRAWS * np.array(expected)
    some = wanted > 0
    if np.array(observed)[~some].any():
        return False
    return some.sum() == 1 or chisquare(np.array(observed)[some], wanted[some]).pvalue > 0.001


@every_variant
def test_specialists_share_the_draws_and_an_average_trial_gets_none(variant: Variant) -> None:
    rows = [[9, 0, 0], [0, 9, 0], [0, 0, 9], [0, 0, 0], [0, 0, 0], [4, 4, 4]]
    assert fits(chances(table(rows), variant), [1 / 3, 1 / 3, 1 / 3, 0, 0, 0])


@every_variant
def test_the_best_on_every_instance_is_always_drawn(variant: Variant) -> None:
    assert fits(chances(table([[1, 1], [2, 5], [1, 2], [1, 1], [1, 1]]), variant), [0, 1, 0, 0, 0])


@every_variant
def test_equals_are_equally_likely(variant: Variant) -> None:
    assert fits(chances(table([[3, 3]] * 4), variant), [1 / 4] * 4)


def test_within_epsilon_of_the_best_is_as_good_as_the_best() -> None:
    rows = [[10.0], [9.5], [9.0], [5.0], [4.0]]
    # the median is 9, the deviations are 0, 0.5, 1, 4, 5, so epsilon is 1
    assert fits(chances(table(rows)), [1 / 3, 1 / 3, 1 / 3, 0, 0])


def test_the_order_of_instances_decides() -> None:
    rows = [[9, 5, 0], [9, 0, 5], [0, 9, 9], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]
    # the first instance leaves two, of whom the next one picks; both others leave the third trial alone
    assert fits(chances(table(rows)), [1 / 6, 1 / 6, 2 / 3, 0, 0, 0, 0])


def test_the_variants_differ_in_whom_they_compare_with() -> None:
    rows = [[7, 3], [6, 6], [10, 2], [5, 8], [10, 5]]
    assert fits(chances(table(rows), "static"), [0, 1 / 4, 1 / 4, 1 / 4, 1 / 4])
    assert fits(chances(table(rows), "semi-dynamic"), [0, 1 / 4, 0, 1 / 4, 1 / 2])
    assert fits(chances(table(rows), "dynamic"), [0, 1 / 2, 0, 0, 1 / 2])


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=6), st.sampled_from(VARIANTS))
def test_only_those_are_drawn_who_have_a_chance(rows: list[tuple[int, ...]], variant: Variant) -> None:
    expected = by_hand(rows, variant)
    trials = table(rows)
    for seed in range(10):
        (parent,) = Lexicase(variant=variant, parents=1).select(trials, np.random.default_rng(seed)).parents
        assert expected[parent.number] > 0


def by_hand(rows: Sequence[Sequence[float]], variant: Variant) -> list[float]:
    """Return each trial's probability, by walking through all orders of the instances."""
    chance = [0.0] * len(rows)
    orders = list(permutations(range(len(rows[0]))))
    for order in orders:
        left = list(range(len(rows)))
        for case in order:
            column = [row[case] for row in rows]
            among = column if variant == "static" else [column[i] for i in left]
            spread = [column[i] for i in left] if variant == "dynamic" else column
            least = max(among) - float(np.median(np.abs(np.array(spread) - np.median(spread))))
            left = [i for i in left if column[i] >= least] or left
        for i in left:
            chance[i] += 1 / len(left) / len(orders)
    return chance


def test_lower_is_better_where_the_problem_says_so() -> None:
    rows = [[9, 0, 0], [0, 9, 0], [0, 0, 9], [0, 0, 0], [0, 0, 0], [4, 4, 4]]
    assert fits(chances(table(rows, sign=-1.0)), [1 / 3, 1 / 3, 1 / 3, 0, 0, 0])


def test_instances_count_that_all_were_judged_on() -> None:
    trials = [judged(0, [5, 1]), judged(1, [5, 1]), judged(2, [1]), judged(3, [1]), judged(4, [1])]
    assert fits(chances(trials), [1 / 2, 1 / 2, 0, 0, 0])


def test_with_no_instance_in_common_the_fitness_decides() -> None:
    trials = [judged(0, [5]), judged(1, [4.9], stage="smoke"), judged(2, [1]), judged(3, [1]), judged(4, [1])]
    assert fits(chances(trials), [1, 0, 0, 0, 0])


def test_a_second_parent_is_drawn_anew_among_the_others() -> None:
    trials = table([[9, 0], [0, 9], [1, 1], [0, 0], [0, 0]])
    rng = np.random.default_rng(2)
    for _ in range(20):
        picked = Lexicase(parents=2, inspirations=1).select(trials, rng)
        assert {trial.number for trial in picked.parents} <= {0, 1, 2}
        assert picked.inspirations[0] not in picked.parents
