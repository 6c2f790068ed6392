"""The task without deletes, for many states at once: what each fact costs, and which operator makes it cheapest.

The costs of all states are one array, and each sweep of value iteration over it is one sparse product and one
segmented minimum. A sweep can only lower costs and they are sums of whole numbers, so the sweeps end, at the same
costs that a generalised Dijkstra search finds state by state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .task import State, Task

__all__ = ["Costs", "Relaxation"]


@dataclass(frozen=True)
class Costs:
    """The additive costs of a batch of states.

    Args:
        facts: the cost of each fact in each state, of shape (facts, states); infinity where it cannot be reached.
        effects: the cost of making a fact true by an operator, of shape (effects, states); see `Relaxation`.
    """

    facts: NDArray[np.float64]
    effects: NDArray[np.float64]


class Relaxation:
    """The effects of a task's operators, without deletes. An effect is a fact and an operator that adds it.

    The effects are sorted by their fact, then by their operator.

    Args:
        task: the task.
    """

    def __init__(self, task: Task) -> None:
        from scipy.sparse import csr_matrix

        pairs = sorted((fact, place) for place, operator in enumerate(task.operators) for fact in operator.add)
        self.task = task
        self.operators: NDArray[np.intp] = np.array([place for _, place in pairs], dtype=np.intp)
        self.added, self.starts = np.unique(np.array([fact for fact, _ in pairs], dtype=np.intp), return_index=True)
        rows = [(row, fact) for row, (_, place) in enumerate(pairs) for fact in task.operators[place].preconditions]
        row, column = np.array(rows, dtype=np.intp).reshape(-1, 2).T
        self._sum = csr_matrix((np.ones(len(rows)), (row, column)), shape=(len(pairs), len(task.facts)))

    def costs(self, states: Sequence[State]) -> Costs:
        """Return what each fact costs in each state: 0 where it is true, else 1 and the costs of what must be true."""
        facts = np.where(self.task.matrix(states).T, 0.0, np.inf).copy(order="C")
        while True:
            effects: NDArray[np.float64] = self._sum @ facts
            effects += 1.0
            if not len(effects):
                return Costs(facts, effects)
            known = facts[self.added]
            better = np.minimum(known, np.minimum.reduceat(effects, self.starts, axis=0))
            if np.array_equal(known, better):
                return Costs(facts, effects)
            facts[self.added] = better

    def supporters(self, costs: Costs) -> NDArray[np.intp]:
        """Return the cheapest operator that adds each fact, of shape (facts, states).

        Among equals it is the first of the task. It means nothing for a fact that is true or
        cannot be reached.
        """
        best = np.zeros(costs.facts.shape, dtype=np.intp)
        if not len(self.starts):
            return best
        lengths = np.diff(self.starts, append=len(self.operators))
        cheapest = costs.effects == np.repeat(costs.facts[self.added], lengths, axis=0)
        places = np.where(cheapest, np.arange(len(self.operators))[:, None], len(self.operators) - 1)
        best[self.added] = self.operators[np.minimum.reduceat(places, self.starts, axis=0)]
        return best
