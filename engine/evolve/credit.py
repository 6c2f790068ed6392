"""`Credit`: what each arm of a bandit has gained for what it cost.

1. A trial's gain is 0 when it failed, repeated a known class, or did not beat its primary parent; otherwise it is the
   share of the last `window` valid trials that it beats, to the fourth power: a number in [0, 1] that does not depend
   on the score's scale and counts progress at the top. (A "restart" has nothing to beat: its gain is among restarts.)
2. Each arm keeps the sums of gains G, of trials N and of costs C, which fade by half every `memory` trials.
3. An arm's worth is a gain drawn from Beta(1 + G, 1 + N - G), divided by its mean cost: Thompson sampling per cost.

Reference: Xia et al., "Thompson sampling for budgeted multi-armed bandits", IJCAI 2015; rank-based credit as in
Fialho et al., "Toward comparison-based adaptive operator selection", GECCO 2010.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from numpy.random import Generator

from evolve.trial import Trial, TrialStatus

__all__ = ["Credit"]

_TOLERANCE = 1e-7
_STRESS = 4
_SHRINKAGE = 2.0


@dataclass(slots=True)
class _Arm:
    """Fading sums of one arm for one purpose, as they were after `when` trials."""

    gain: float = 0.0
    trials: float = 0.0
    cost: float = 0.0
    when: int = 0


@dataclass(slots=True)
class _Recent:
    """The last fitness values, in order of arrival and sorted."""

    arrived: deque[float] = field(default_factory=deque)
    ordered: list[float] = field(default_factory=list)

    def share_below(self, fitness: float) -> float:
        return bisect_left(self.ordered, fitness) / len(self.ordered) if self.ordered else 1.0

    def add(self, fitness: float, window: int) -> None:
        self.arrived.append(fitness)
        insort(self.ordered, fitness)
        if len(self.arrived) > window:
            self.ordered.pop(bisect_left(self.ordered, self.arrived.popleft()))


@dataclass
class Credit:
    """Keeps account of arms (see the module for the algorithm).

    Args:
        memory: after how many trials an experience counts half, > 0.
        window: how many recent trials a gain is ranked among, > 0.
        overhead: what a trial costs besides, > 0, so that nothing is free.
    """

    memory: float
    window: int
    overhead: float
    _arms: dict[tuple[Hashable, str], _Arm] = field(default_factory=dict, init=False, repr=False)
    _recent: dict[str, _Recent] = field(default_factory=dict, init=False, repr=False)
    _seen: int = field(default=0, init=False, repr=False)

    def learn(self, name: Hashable | None, purpose: str, trial: Trial, parents: Sequence[Trial], cost: float) -> None:
        """Take in a finished trial.

        Args:
            name: the arm that made it, or None.
            purpose: what it was made for.
            trial: as it was judged.
            parents: its parents, the primary one first.
            cost: of making and judging it, >= 0.
        """
        self._seen += 1
        recent = self._recent.setdefault(purpose, _Recent())
        if name is not None:
            self._add(name, purpose, _gain(trial, parents, purpose, recent), cost)
        if trial.fitness is not None and trial.status is not TrialStatus.REUSED:
            recent.add(trial.fitness, self.window)

    def learn_failure(self, name: Hashable, purpose: str, cost: float) -> None:
        """Take in a proposal that led to no trial; one that cost nothing is charged what is usual, or it would pay."""
        self._seen += 1
        spent, trials = self._spent(purpose)
        self._add(name, purpose, 0.0, cost if cost > 0.0 or not trials else spent / trials - self.overhead)

    def worth(self, name: Hashable, purpose: str, rng: Generator) -> float:
        """Draw what an arm may gain per cost."""
        arm = self._arms.get((name, purpose), _Arm(when=self._seen))
        fade = self._fade(arm)
        gain, trials = arm.gain * fade, arm.trials * fade
        spent, made = self._spent(purpose)
        usual = (spent + self.overhead) / (made + 1.0)
        cost = (arm.cost * fade + usual) / (trials + 1.0)
        return float(rng.beta(1.0 + gain, 1.0 + max(0.0, trials - gain))) / cost

    def tally(self, name: Hashable) -> tuple[float, float]:
        """Return the mean gain to expect of an arm, and from how many trials that is known, for all purposes together.

        An arm of few trials is taken to be nearly as good as all arms are on average.
        """
        gain, trials = self._sums([arm for (other, _), arm in self._arms.items() if other == name])
        all_gain, all_trials = self._sums(self._arms.values())
        usual = all_gain / all_trials if all_trials else 0.0
        return (gain + _SHRINKAGE * usual) / (trials + _SHRINKAGE), trials

    def _sums(self, arms: Iterable[_Arm]) -> tuple[float, float]:
        faded = [(arm, self._fade(arm)) for arm in arms]
        return sum(arm.gain * fade for arm, fade in faded), sum(arm.trials * fade for arm, fade in faded)

    def _spent(self, purpose: str) -> tuple[float, float]:
        """Return what all arms have cost, and for how many trials."""
        same = [arm for (_, p), arm in self._arms.items() if p == purpose]
        return sum(arm.cost for arm in same), sum(arm.trials for arm in same)

    def _add(self, name: Hashable, purpose: str, gain: float, cost: float) -> None:
        arm = self._arms.setdefault((name, purpose), _Arm(when=self._seen))
        fade = self._fade(arm)
        arm.gain = arm.gain * fade + gain
        arm.trials = arm.trials * fade + 1.0
        arm.cost = arm.cost * fade + cost + self.overhead
        arm.when = self._seen

    def _fade(self, arm: _Arm) -> float:
        return float(0.5 ** ((self._seen - arm.when) / self.memory))


def _gain(trial: Trial, parents: Sequence[Trial], purpose: str, recent: _Recent) -> float:
    if trial.fitness is None or trial.status is TrialStatus.REUSED:
        return 0.0
    if purpose != "restart" and parents and parents[0].fitness is not None:
        least = parents[0].fitness + _TOLERANCE * max(1.0, abs(parents[0].fitness))
        if trial.fitness <= least:
            return 0.0
    return recent.share_below(trial.fitness) ** _STRESS
