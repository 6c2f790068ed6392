"""What scores are worth, and mistakes in settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from evolve import Trial
from evolve.errors import ConfigError
from evolve.evaluation import Outcome
from evolve.registry import Registry
from evolve.testing import make_trial
from evolve.trial import Scored
from evolve_plugins.strategies.dgm import DGM
from evolve_plugins.strategies.gauge import Gauge, credit
from evolve_plugins.strategies.hgm import HGM
from evolve_plugins.strategies.poet import POET
from evolve_plugins.strategies.uct import UCT


def judged(score: float, fitness: float) -> Trial:
    mine = (Scored("only", "full", Outcome.ok(score)),)
    return replace(make_trial(0), outcomes=mine, score=score, fitness=fitness)


@pytest.mark.parametrize(("score", "worth"), [(-3.0, 0.0), (2.0, 0.0), (4.0, 0.5), (6.0, 1.0), (9.0, 1.0)])
def test_credit_is_linear_between_the_ends_of_the_scale_and_flat_outside(score: float, worth: float) -> None:
    assert credit(Outcome.ok(score), (2.0, 6.0)) == worth
    assert credit(Outcome.ok(score), (6.0, 2.0)) == 1.0 - worth
    assert credit(Outcome.invalid(""), (6.0, 2.0)) == 0.0


@pytest.mark.parametrize(("scale", "worth"), [((2.0, 6.0), 0.75), ((6.0, 2.0), 0.25)])
def test_a_scale_tells_the_direction(scale: tuple[float, float], worth: float) -> None:
    gauge = Gauge(scale)
    trial = judged(5.0, 5.0)
    value = gauge.read(trial, trial.outcomes)
    assert value is not None
    assert gauge.worth(value) == worth
    assert gauge.read(trial, ()) is None
    assert gauge.read(trial, (*trial.outcomes, Scored("other", "full", Outcome.invalid("")))) is None


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_without_a_scale_the_trials_tell_the_direction_and_the_extremes(sign: float) -> None:
    gauge = Gauge(None)
    trials = [judged(score, sign * score) for score in (4.0, 8.0, 5.0)]
    values = [gauge.read(trial, trial.outcomes) for trial in trials]
    assert values == [4.0 * sign, 8.0 * sign, 5.0 * sign]
    low = (1.0 - sign) / 2
    assert [gauge.worth(value or 0.0) for value in values] == [low, 1.0 - low, 0.25 if sign > 0 else 0.75]


def test_equal_scores_cannot_be_told_apart() -> None:
    gauge = Gauge(None)
    trial = judged(4.0, 4.0)
    assert gauge.worth(gauge.read(trial, trial.outcomes) or 0.0) == 0.5


@pytest.mark.parametrize("make", [HGM, DGM, UCT])
def test_a_scale_of_no_length_is_refused(make: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"two different scores, .* not \[1.0, 1.0\]"):
        make(scale=(1.0, 1.0))


def test_a_range_that_is_upside_down_is_refused() -> None:
    with pytest.raises(ValueError, match=r"ranges.size: write \[lowest, highest, largest change\]"):
        POET({"size": (5.0, 1.0, 1.0)}, (0.1, 0.9), 0.5)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"use": "poet"}, "strategy.ranges: strategy 'poet' needs a value"),
        ({"use": "poet", "ranges": {"a": [0.0, 1.0]}, "criterion": [0.1, 0.9], "mastered": 0.5}, "strategy.ranges.a"),
        ({"use": "hgm", "alpha": 2.0}, "strategy.alpha"),
        ({"use": "hgm", "scale": [1.0, 1.0]}, "strategy: strategy 'hgm': scale"),
        ({"use": "uct", "backup": "median"}, "strategy.backup"),
        ({"use": "dgm", "keep": "some"}, "strategy.keep"),
        ({"use": "adas", "at_once": -1}, "strategy.at_once"),
    ],
)
def test_a_wrong_setting_is_answered_in_one_line(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Registry().build("strategy", table)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_settings_of_a_file_reach_the_strategy() -> None:
    table = {"use": "poet", "ranges": {"a": [0.0, 1.0, 0.1]}, "criterion": [0.1, 0.9], "mastered": 0.5}
    assert Registry().build("strategy", table) == POET({"a": (0.0, 1.0, 0.1)}, (0.1, 0.9), 0.5)
