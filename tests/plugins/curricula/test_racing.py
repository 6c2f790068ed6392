"""Racing: who is given up, how often wrongly, and what a run saves by it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evolve import Curriculum, Instance, Trial
from evolve.testing import CurriculumContract, teach
from evolve_plugins.curricula.racing import Racing

COUNT = 30
INSTANCES = [Instance(f"i{n}") for n in range(COUNT)]
Judged = Callable[..., Trial]


class TestRacingContract(CurriculumContract):
    def make(self) -> Curriculum:
        return Racing(first=2)


class TestHoeffdingRacingContract(CurriculumContract):
    def make(self) -> Curriculum:
        return Racing("hoeffding", first=2, spread=0.1)


def raced(judged: Judged, racing: Racing, gap: float, seed: int, sign: float = 1.0) -> int:
    """Return how many instances a trial worse by `gap` is judged on; difficulties differ much more than trials do."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=COUNT)
    for number, lost in enumerate((0.0, gap)):
        values = sign * (base - lost + 0.1 * rng.normal(size=COUNT))
        trial = judged(number, {f"i{n}": float(value) for n, value in enumerate(values)}, sign)
        if number == 0:
            teach(racing, trial)
    places = [int(instance.id[1:]) for instance in racing.sample(INSTANCES, rng)]
    outcomes = [trial.outcomes[place] for place in places]
    return next((n for n in range(1, COUNT) if not racing.go_on(trial, outcomes[:n])), COUNT)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_worse_trial_is_given_up_early_and_a_better_one_never(judged: Judged, sign: float) -> None:
    used = [raced(judged, Racing(), 0.2, seed, sign) for seed in range(40)]
    assert max(used) < COUNT
    assert np.mean(used) < 0.25 * COUNT
    assert sum(raced(judged, Racing(), -0.1, seed, sign) < COUNT for seed in range(40)) <= 2


def test_the_t_test_gives_up_about_a_fifth_of_the_equals_and_hoeffding_almost_none(judged: Judged) -> None:
    lost = np.mean([raced(judged, Racing(), 0.0, seed) < COUNT for seed in range(200)])
    assert 0.1 < lost < 0.3
    bound = [raced(judged, Racing("hoeffding", spread=1.0), 0.0, seed) for seed in range(100)]
    assert min(bound) == COUNT
    assert max(raced(judged, Racing("hoeffding", spread=1.0), 0.5, seed) for seed in range(20)) < COUNT


def test_before_there_is_a_best_trial_everybody_goes_on(judged: Judged) -> None:
    trial = judged(0, {f"i{n}": -5.0 for n in range(10)})
    racing = Racing(first=2)
    assert racing.go_on(trial, trial.outcomes)
    teach(racing, judged(1, {"elsewhere": 1.0}))
    assert racing.go_on(trial, trial.outcomes)


def test_a_run_with_racing_judges_losers_on_the_first_instances_only(execute: Any, rows: Any, tmp_path: Path) -> None:
    execute("curriculum={use='racing', first=3}", "run.in_flight=1")
    counts = [n for (n,) in rows(tmp_path / "run", "SELECT count(*) FROM outcomes GROUP BY trial ORDER BY trial")]
    assert counts[0] == 10
    assert np.mean(counts[1:]) < 6
    states = rows(tmp_path / "run", "SELECT body FROM events WHERE kind = 'committed' AND trial > 0")
    assert all('"failed"' in body for (body,) in states)
