"""What every strategy promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from evolve.events import Committed, Event
from evolve.interfaces import Action, Evaluate, Finish, MakeInstance, Propose, Retire, Strategy
from evolve.testing.factories import MemoryView, make_trial
from evolve.trial import Trial

__all__ = ["StrategyContract"]

_COUNT = 40


class StrategyContract:
    """Subclass it as `TestMine`, and override `make`.

    Attributes:
        measures: names of the measures that the strategy's archive needs.
        stages: names of the problem's stages, cheapest first.
    """

    measures: ClassVar[Sequence[str]] = ()
    stages: ClassVar[tuple[str, ...]] = ("full",)

    def make(self) -> Strategy:
        """Return a new strategy, complete with whatever it is built from."""
        raise NotImplementedError("override make() and return a new strategy")

    def test_before_any_trial_exists_it_asks_for_fresh_programs(self) -> None:
        actions = self.make().decide(MemoryView(stages=self.stages), 3, np.random.default_rng(1))
        assert actions
        assert all(isinstance(action, Propose) and not action.parents for action in actions)

    def test_it_never_takes_more_than_there_is_room_for(self) -> None:
        strategy, view, _ = self._played()
        for free in (1, 2, 7):
            assert len(strategy.decide(view, free, np.random.default_rng(free))) <= free

    def test_with_nothing_in_flight_it_does_something(self) -> None:
        strategy, view, _ = self._played()
        assert strategy.decide(view, 1, np.random.default_rng(1))

    def test_it_names_only_trials_that_exist(self) -> None:
        strategy, view, _ = self._played()
        for seed in range(10):
            for action in strategy.decide(view, 4, np.random.default_rng(seed)):
                named: tuple[int, ...] = ()
                if isinstance(action, Propose):
                    named = action.parents + action.inspirations
                elif isinstance(action, Evaluate):
                    named = (action.trial,)
                assert set(named) <= set(view.record)
                assert isinstance(action, Propose | Evaluate | MakeInstance | Retire | Finish)

    def test_deciding_changes_nothing(self) -> None:
        strategy, view, _ = self._played()
        fresh = _decisions(strategy, view)
        assert _decisions(strategy, view) == fresh

    def test_the_same_events_lead_to_the_same_decisions(self) -> None:
        strategy, view, events = self._played()
        other = self.make()
        for step, event in enumerate(events):
            other.observe(event, np.random.default_rng(step))
        assert _decisions(other, view) == _decisions(strategy, view)

    def test_an_event_that_it_does_not_know_does_no_harm(self) -> None:
        strategy, view, _ = self._played()
        before = _decisions(strategy, view)
        strategy.observe(Event(), np.random.default_rng(1))
        assert _decisions(strategy, view) == before

    def test_it_goes_on_when_every_program_fails(self) -> None:
        strategy, view = self.make(), MemoryView(stages=self.stages)
        for number in range(10):
            trial = make_trial(number, None)
            view.record[number] = trial
            strategy.observe(Committed(trial=trial), np.random.default_rng(number))
        assert strategy.decide(view, 1, np.random.default_rng(1))

    def _played(self) -> tuple[Strategy, MemoryView, list[Event]]:
        """Return a strategy after a short run, with its view and the events it has seen."""
        strategy, view, events = self.make(), MemoryView(stages=self.stages), list[Event]()
        rng = np.random.default_rng(5)
        for number in range(_COUNT):
            actions = strategy.decide(view, 1, np.random.default_rng(number))
            asked = next((action for action in actions if isinstance(action, Propose)), Propose())
            trial = self._answered(number, asked, rng)
            view.record[number] = trial
            events.append(Committed(trial=trial))
            strategy.observe(events[-1], np.random.default_rng(len(events) - 1))
        return strategy, view, events

    def _answered(self, number: int, asked: Propose, rng: np.random.Generator) -> Trial:
        return make_trial(
            number,
            None if rng.random() < 0.2 else float(rng.normal()),
            parents=asked.parents,
            measures={name: float(rng.random()) for name in self.measures},
            notes=asked.tags,
        )


def _decisions(strategy: Strategy, view: MemoryView) -> list[list[Action]]:
    return [list(strategy.decide(view, 3, np.random.default_rng(seed))) for seed in range(5)]
