"""Lift: what wrappers gained per token, read from the record."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evolve.ledger import Ledger
from evolve.lift import _lift, _Side, lifts
from evolve.program import Program
from evolve.trial import Trial


@dataclass
class Run:
    """Writes a record by hand; trial 0 is a seed of fitness 1."""

    ledger: Ledger
    trials: int = 0
    steps: int = 0

    def trial(self, fitness: float | None, notes: dict[str, Any], status: str = "ok", parent: int | None = 0) -> None:
        number, parents = self.trials, () if parent is None else (parent,)
        program = Program({"program.py": f"x = {number}\n"})
        self.ledger.add_trial(self.steps, Trial(number, program, parents, "op", notes=notes))
        self.ledger.add_event("proposed", self.steps, number)
        self.ledger.add_event("committed", self.steps, number, body={"status": status, "fitness": fitness})
        self.trials, self.steps = self.trials + 1, self.steps + 1

    def refusal(self, notes: dict[str, Any]) -> None:
        self.ledger.add_event("refused", self.steps, body={"operator": "op", "reason": "no", "notes": notes})
        self.steps += 1


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    ledger = Ledger.create(tmp_path / "run", {})
    made = Run(ledger)
    made.trial(1.0, {}, parent=None)
    yield made
    ledger.close()


def note(control: bool, tokens: float = 1000.0, by: str = "wrapper", **more: Any) -> dict[str, Any]:
    return {"wrapped": {"by": by, "control": control, **more}, "models": {"calls": 1, "tokens": tokens, "usd": 0.0}}


def test_a_run_without_wrappers_has_no_lift(run: Run) -> None:
    run.trial(2.0, {"models": {"tokens": 5.0}})
    run.refusal({})
    assert lifts(run.ledger) == []


def test_a_success_is_a_new_valid_trial_that_beats_its_primary_parent(run: Run) -> None:
    run.trial(None, {}, "failed")
    broken = run.trials - 1
    run.trial(2.0, note(False))
    run.trial(0.5, note(False), parent=broken)
    run.trial(0.5, note(False), parent=None)
    for fitness, status in ((1.0, "ok"), (0.5, "ok"), (2.0, "reused"), (None, "failed")):
        run.trial(fitness, note(False), status)
    run.refusal(note(False))
    (found,) = lifts(run.ledger)
    assert (found.treated, found.treated_yield, found.treated_tokens) == (8, 3 / 8, 8000.0)
    assert (found.control, found.control_yield, found.control_tokens) == (0, 0.0, 0.0)
    assert found.per_1000_tokens is found.interval is None


def test_the_lift_is_the_difference_of_successes_per_thousand_tokens(run: Run) -> None:
    for number in range(20):
        run.trial(2.0 if number < 12 else 0.5, note(False, 3000.0))
        run.trial(2.0 if number < 5 else 0.5, note(True, 1000.0))
    (found,) = lifts(run.ledger)
    assert (found.treated_yield, found.control_yield) == (0.6, 0.25)
    assert found.per_1000_tokens == pytest.approx(0.2 - 0.25)
    assert found.interval is not None
    spread = 1.959964 * math.sqrt(0.6 * 0.4 / 19 / 9 + 0.25 * 0.75 / 19)
    assert found.interval == pytest.approx((-0.05 - spread, -0.05 + spread))


def test_fewer_than_ten_proposals_on_a_side_give_no_interval(run: Run) -> None:
    for number in range(10):
        run.trial(2.0, note(False))
        if number:
            run.refusal(note(True))
    (found,) = lifts(run.ledger)
    assert (found.treated, found.control, found.per_1000_tokens, found.interval) == (10, 9, 1.0, None)
    run.refusal(note(True))
    assert lifts(run.ledger)[0].interval == pytest.approx((1.0, 1.0))


def test_a_side_that_spent_nothing_has_no_rate(run: Run) -> None:
    run.trial(2.0, note(False))
    run.trial(2.0, {"wrapped": {"by": "wrapper", "control": True}})
    (found,) = lifts(run.ledger)
    assert (found.control, found.control_yield, found.per_1000_tokens) == (1, 1.0, None)


def test_each_wrapper_is_counted_also_inside_another_one(run: Run) -> None:
    run.trial(2.0, note(False, by="outer", inside={"by": "inner", "control": True}))
    run.trial(0.5, note(True, by="outer", inside={"by": "inner", "control": False}))
    sides = {lift.wrapper: (lift.treated_yield, lift.control_yield) for lift in lifts(run.ledger)}
    assert sides == {"inner": (0.0, 1.0), "outer": (1.0, 0.0)}


def test_the_interval_holds_the_true_difference_19_times_out_of_20() -> None:
    rng, hits, rounds = np.random.default_rng(3), 0, 400
    for _ in range(rounds):
        sides = []
        for share, usual in ((0.3, 2000.0), (0.15, 1000.0)):
            tokens = rng.gamma(4.0, usual / 4.0, 150)
            sides.append(_Side(list(rng.random(150) < share), list(tokens)))
        found = _lift("wrapper", *sides)
        assert found.interval is not None
        hits += found.interval[0] < 0.0 < found.interval[1]  # 0.3 / 2 less 0.15 / 1
    assert abs(hits / rounds - 0.95) < 3.29 * math.sqrt(0.95 * 0.05 / rounds)
