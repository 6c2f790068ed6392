"""`UCT`: tree search; each trial is a node, and its children go on from where it stopped."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from numpy.random import Generator
from pydantic import Field

from evolve.events import Committed, Event, Measured, Refused
from evolve.interfaces import Action, Evaluate, Finish, Propose, Strategy, View
from evolve.lineage import Lineage
from evolve.trial import Scored, Trial, TrialStatus
from evolve_plugins.strategies.gauge import Gauge
from evolve_plugins.strategies.under_way import UnderWay

__all__ = ["UCT"]

_TOP, _WIDEST, _PLACE = -1, 10, 5  # a duplicate or a refusal takes a fifth of the place of a child


@dataclass
class UCT(Strategy):
    """Walk down to the child of largest q + c sqrt(ln N / n) until there is room for a new one, and make it.

    n and N count the visits to a node and to its siblings, those in flight too; q, from 0 to 1, is what they brought. A
    failed node has no children. A duplicate or a refusal is no node: another is asked for, up to 5 times the width.
    Children come one by one, and scores stand for critics, unlike in rStar-Math: c = 1 (2 for rewards of -1 and 1),
    width = 12, terminal = "..."; and AlphaLLM: c = 1, width = 3, spread = 2, root_width = 40, depth = 10. The default c
    is a quarter of theirs: with 1, the best of 4 children needs a lead of 3/8 to get 3/4 of 200 visits.

    Args:
        c: weight of exploration, of which noisy scores need more.
        width: children of a node.
        root_width: children of a seed; 0 means `width`.
        spread: widens a node to int(spread * d) children, at most 10, once a child's q is d from the mean of all.
        depth: a node so far from its seed has no children.
        visits: how often in all a valid node that can have no children is visited, on another instance each time.
        backup: q is the "mean" of the visits, or what the best of them brought ("max").
        terminal: a metric that is > 0 for a complete program, which has no children; only these and failures count.
        scale: scores worth 0 and 1, in the problem's own direction; None takes the extremes seen so far.
        variant: a child without visits, made or not, comes first; in rStar-Math's code, "released", it is worth 1/2.

    Reference: Kocsis and Szepesvári, ECML 2006; Guan et al., "rStar-Math", 2025; Tian et al., "AlphaLLM", 2024; visits
    in flight as in Liu et al., "Watch the unobserved", ICLR 2020.
    """

    c: Annotated[float, Field(ge=0)] = 0.25
    width: Annotated[int, Field(gt=0)] = 4
    root_width: Annotated[int, Field(ge=0)] = 0
    spread: Annotated[float, Field(ge=0)] = 0.0
    depth: Annotated[int, Field(gt=0)] = 16
    visits: Annotated[int, Field(gt=0)] = 1
    backup: Literal["mean", "max"] = "mean"
    terminal: str = ""
    scale: tuple[float, float] | None = None
    variant: Literal["paper", "released"] = "paper"
    _tree: Lineage = field(default_factory=Lineage, init=False, repr=False)
    _width: dict[int, int] = field(default_factory=dict, init=False, repr=False)
    _room: Counter[int] = field(default_factory=Counter, init=False, repr=False)

    def __post_init__(self) -> None:
        self._gauge = Gauge(self.scale)
        self._brought = self._tree.aggregate("visits, valid ones, their sum", (0.0, 0.0, 0.0))
        self._best = self._tree.aggregate("best", (-math.inf,), max)
        self._work = self._tree.aggregate("nodes with room", (0.0,))

    def decide(self, view: View, free: int, rng: Generator) -> Sequence[Action]:
        """Visit one node per free slot."""
        if not self._width:
            return [Propose() for _ in range(free)]
        under_way, actions = UnderWay.of(view.in_flight.values()), list[Action]()
        while len(actions) < free and (action := self._visit(view, under_way)):
            actions.append(action)
            under_way.note(action)
        return actions if actions or view.in_flight else [Finish("every branch was followed to its end")]

    def observe(self, event: Event, rng: Generator) -> None:
        """Take in a new node, another visit, or a child that came to nothing."""
        match event:
            case Committed(trial=Trial(number=number, parents=parents) as trial) if number not in self._tree:
                nodes, known = [node for node in parents if node in self._tree], trial.status is TrialStatus.REUSED
                for node in nodes[:1]:
                    self._take(node, 1 if known else _PLACE)
                if not known:
                    self._tree.add(number, nodes)
                    self._enter(trial)
            case Measured(trial=Trial(number=number) as trial, scored=Scored() as scored) if number in self._tree:
                self._take(number, _PLACE)
                self._back_up(trial, (scored,))
            case Refused(parents=(number, *_)):
                self._take(number, 1)

    def _enter(self, trial: Trial) -> None:
        final, depth = trial.metrics.get(self.terminal, 0.0) > 0, self._tree.depth(trial.number)
        bare = final or not trial.valid or depth >= self.depth
        self._width[trial.number] = 0 if bare else self.width if depth else self.root_width or self.width
        self._take(trial.number, -_PLACE * (self._width[trial.number] or (self.visits - 1) * trial.valid))
        if final or not (trial.valid and self.terminal):
            self._back_up(trial, trial.reached if trial.valid else ())

    def _take(self, node: int, room: int) -> None:
        """Use up room at a node; whether any is left is known to all its ancestors."""
        had = self._room[node] > 0
        self._room[node] -= room
        if had != (self._room[node] > 0):
            self._work.add(node, (-1.0 if had else 1.0,))

    def _back_up(self, trial: Trial, outcomes: Sequence[Scored]) -> None:
        value = self._gauge.read(trial, outcomes)
        self._brought.add(trial.number, (1.0, 0.0, 0.0) if value is None else (1.0, 1.0, value))
        self._best.add(trial.number, (-math.inf if value is None else value,))
        for node in self._tree.ancestors(trial.number) if self.spread else ():
            qs = [self._q(child) for child in self._tree.children(node)]
            wide = min(_WIDEST, int(self.spread * max(abs(q - sum(qs) / len(qs)) for q in qs)))
            if 0 < self._width[node] < wide:
                self._take(node, _PLACE * (self._width[node] - wide))
                self._width[node] = wide

    def _visit(self, view: View, under_way: UnderWay) -> Action | None:
        """Walk down to where there is something to do; return None when all that is under way already."""
        busy = under_way.below(self._tree)
        full, node, unseen = set[int](), _TOP, math.inf if self.variant == "paper" else 0.5
        while True:
            visits = {child: self._brought.of(child)[0] + busy[child] for child in self._tree.children(node)}
            log = math.log(sum(visits.values()) or 1.0)
            worth = {
                child: self._q(child) + self.c * math.sqrt(log / count) if count else unseen
                for child, count in visits.items()
                if self._work.of(child)[0] > 0 and child not in full
            }
            if self._room[node] > _PLACE * under_way.at[node]:
                if self._width[node] and max(worth.values(), default=-1.0) < unseen:
                    return Propose((node,))
                if not self._width[node] and (fresh := under_way.fresh(view, node)):
                    return Evaluate(node, (fresh[0],))
            if not worth and node == _TOP:
                return None
            full.update([] if worth else [node])
            node = max(worth, key=worth.__getitem__, default=_TOP)

    def _q(self, node: int) -> float:
        visits, valid, total = self._brought.of(node)
        if self.backup == "max":
            visits, total = valid, valid * self._best.of(node)[0] if valid else 0.0
        return self._gauge.worth(total / valid) * valid / visits if valid else 0.0
