"""ADAS: the whole archive in sight, and no parent."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evolve import Strategy
from evolve.events import Committed, Refused
from evolve.interfaces import Propose
from evolve.overlay import parse_models
from evolve.program import Program
from evolve.testing import MemoryView, StrategyContract, make_trial
from evolve.trial import Trial, TrialStatus
from evolve_plugins.strategies.adas import ADAS

RNG = np.random.default_rng(1)


class TestADASContract(StrategyContract):
    def make(self) -> Strategy:
        return ADAS()


class TestADASManyAtOnceContract(StrategyContract):
    def make(self) -> Strategy:
        return ADAS(at_once=0)


def test_the_whole_archive_is_shown_in_the_order_it_grew_and_there_is_no_parent() -> None:
    strategy = ADAS()
    for number, fitness in enumerate([1.0, None, 0.2, 5.0]):
        strategy.observe(Committed(trial=make_trial(number, fitness)), RNG)
    same = Trial(4, Program({"a.py": ""}), status=TrialStatus.REUSED, score=5.0, fitness=5.0)
    strategy.observe(Committed(trial=same), RNG)
    strategy.observe(Refused(), RNG)
    assert strategy.decide(MemoryView(), 5, RNG) == [Propose(inspirations=(0, 2, 3), purpose="restart")]


def test_nothing_is_forgotten_however_long_the_run() -> None:
    strategy = ADAS()
    for number in range(200):
        strategy.observe(Committed(trial=make_trial(number, float(-number))), RNG)
    (asked,) = strategy.decide(MemoryView(), 1, RNG)
    assert isinstance(asked, Propose)
    assert asked.inspirations == tuple(range(200))


@pytest.mark.parametrize(("at_once", "asked"), [(1, 0), (4, 3), (0, 7)])
def test_so_many_programs_are_under_way_at_a_time(at_once: int, asked: int) -> None:
    view = MemoryView(in_flight={3: Propose(purpose="restart")})
    assert len(ADAS(at_once=at_once).decide(view, 7, RNG)) == asked


SCRIPT = """
def answer(request):
    seen = request.messages[-1].text.count("# Another program")
    return f"<idea>Number {seen}.</idea>\\n```python program.py\\ndef answer():\\n    return {seen / 4}\\n```\\n"
"""


def test_with_a_model_it_works_as_it_is_and_each_author_sees_all_earlier_programs(
    execute: Callable[..., Any], replayed: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    model = parse_models([f"scripted:{tmp_path / 'script.py'}:answer"])
    found, folder = execute(*model, "strategy=adas", "budget.trials=6")
    assert (found.trials, found.runnable, found.asked) == (6, 5, 5)
    database = sqlite3.connect(folder / "record.sqlite")
    bodies = [body for (body,) in database.execute("SELECT body FROM requests WHERE step >= 0 ORDER BY id")]
    parents = [json.loads(text) for (text,) in database.execute("SELECT parents FROM trials ORDER BY number")]
    database.close()
    assert [body.count("# Another program") for body in bodies] == [1, 2, 3, 4, 5]
    assert all(f"(trial {number}, " in bodies[-1] for number in range(5))
    assert parents == [[]] * 6
    assert replayed(folder).differences == []
