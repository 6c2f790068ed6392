"""`HGM`: breed from the programs whose descendants do well, and judge one program on one instance at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field

from evolve.evaluation import Status
from evolve.events import Committed, Event, Measured
from evolve.interfaces import Action, Evaluate, Finish, Propose, Strategy, View
from evolve.lineage import Lineage
from evolve.trial import Scored, Trial, TrialStatus
from evolve_plugins.strategies.gauge import check_scale, credit
from evolve_plugins.strategies.under_way import UnderWay

__all__ = ["HGM"]


@dataclass
class HGM(Strategy):
    """Huxley-Gödel machine: Thompson sampling over clades decides who breeds, over programs who is judged next.

    A step either makes a child, which enters unjudged, or judges one program on one instance that it has not met. With
    N evaluations so far and a tree of T trials, a child is made while N^alpha >= T; what is in flight counts as done.
    Who breeds is the largest draw from Beta(tau (1 + s), tau (1 + f)), with s and f the successes and failures of a
    program and all its descendants; who is judged likewise, with its own alone. tau = B / b grows as the budget B
    shrinks to b, so that the draws come closer to the means. At the end the answer is the program with the highest
    quantile of Beta(1 + s, 1 + f).

    A score between failure and success counts in part to either. A duplicate of a known program counts in T, but is
    neither judged nor bred from. A child that could not be made costs nothing.

    Args:
        evaluations: the budget B; what judged the seeds is not in it. Let the run's own budget be larger: the answer is
            chosen when B is spent.
        alpha: how fast the tree grows with the evaluations.
        epsilon: which quantile chooses the answer; the paper writes 1, at which all are equal.
        scale: scores that count as failure and as success, in the problem's own direction.
        variant: "released" keeps tau at 1, breeds only from programs with some success, and makes a child while
            N^alpha >= T - 1, as the published code does; its other traits (a fixed order of instances, a first batch
            of children) are left out.
        leak: "clade" judges by the clade's successes and failures, too. In the published code those of descendants
            leak into a program's own record, which draws evaluations towards clades that do well.

    Reference: Wang et al., "Huxley-Gödel machine: human-level coding agent development by an approximation of the
    optimal self-improving machine", 2025.
    """

    evaluations: Annotated[int, Field(gt=0)] = 800
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.6
    epsilon: Annotated[float, Field(gt=0, lt=1)] = 0.01
    scale: tuple[float, float] = (0.0, 1.0)
    variant: Literal["paper", "released"] = "paper"
    leak: Literal["none", "clade"] = "none"
    _lineage: Lineage = field(default_factory=Lineage, init=False, repr=False)
    _place: dict[int, int] = field(default_factory=dict, init=False, repr=False)
    _won: list[float] = field(default_factory=list, init=False, repr=False)
    _lost: list[float] = field(default_factory=list, init=False, repr=False)
    _met: list[float] = field(default_factory=list, init=False, repr=False)
    _trials: int = field(default=0, init=False, repr=False)
    _spent: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        check_scale(self.scale)

    def decide(self, view: View, free: int, rng: Generator) -> Sequence[Action]:
        """Make children and judge programs until the budget is spent, then choose the answer."""
        if not self._place:
            return [Propose() for _ in range(free)]
        under_way, actions = UnderWay.of(view.in_flight.values()), list[Action]()
        while len(actions) < free and (action := self._next(view, under_way, rng)):
            actions.append(action)
            under_way.note(action)
        if not actions and not view.in_flight:
            return [Finish(f"all {self._spent} evaluations are spent", self._answer())]
        return actions

    def observe(self, event: Event, rng: Generator) -> None:
        """Take in new programs and outcomes."""
        match event:
            case Committed(trial=Trial(number=number) as trial) if number not in self._lineage:
                self._trials += 1
                self._lineage.add(number, [parent for parent in trial.parents if parent in self._lineage])
                if trial.status is not TrialStatus.REUSED:
                    self._place[number] = len(self._place)
                    for counts in (self._won, self._lost, self._met):
                        counts.append(0.0)
                    self._learn(number, trial.outcomes)
            case Measured(trial=Trial(number=number), scored=Scored() as scored):
                self._spent += 1
                self._learn(number, (scored,) if number in self._place else ())

    def _learn(self, number: int, outcomes: Iterable[Scored]) -> None:
        for scored in outcomes:
            place, won = self._place[number], credit(scored.outcome, self.scale)
            self._met[place] += 1.0
            if scored.outcome.status is Status.INFRASTRUCTURE:
                continue  # that was not the program's fault
            self._won[place] += won
            self._lost[place] += 1.0 - won
            self._lineage.aggregate("clade").add(number, (won, 1.0 - won))

    def _next(self, view: View, under_way: UnderWay, rng: Generator) -> Action | None:
        """Make a child or judge a program; return None when what is under way takes the rest of the budget."""
        spent = self._spent + len(under_way.judging)
        if spent >= self.evaluations:
            return None
        paper, numbers = self.variant == "paper", list(self._place)
        tau = self.evaluations / (self.evaluations - spent) if paper else 1.0
        clade = self._lineage.aggregate("clade").table()[numbers].T
        own, met = np.array([self._won, self._lost]), np.array(self._met)
        np.add.at(met, [self._place[n] for n, _ in under_way.judging if n in self._place], 1.0)
        unmet = met < sum(instance.split == "train" for instance in view.instances.values())
        fit = np.full(len(numbers), True) if paper else own[0] > 0
        grows = spent**self.alpha >= self._trials + under_way.making.total() - (not paper)
        if not unmet.any() or (grows and fit.any()):
            return Propose((numbers[_draw(clade, fit if fit.any() else ~fit, tau, rng)],), stages=())
        number = numbers[_draw(clade if self.leak == "clade" else own, unmet, tau, rng)]
        fresh = under_way.fresh(view, number)
        return Evaluate(number, (fresh[int(rng.integers(len(fresh)))],))

    def _answer(self) -> int:
        """Return the program whose worth is highest at the quantile that we are willing to believe."""
        from scipy.special import betaincinv  # heavy

        belief = betaincinv(1.0 + np.array(self._won), 1.0 + np.array(self._lost), self.epsilon)
        return list(self._place)[int(np.argmax(belief))]


def _draw(counts: NDArray[np.float64], allowed: NDArray[np.bool_], tau: float, rng: Generator) -> int:
    """Return the place of the largest draw, given successes and failures."""
    places = np.flatnonzero(allowed)
    return int(places[np.argmax(rng.beta(*(tau * (1.0 + counts[:, places]))))])
