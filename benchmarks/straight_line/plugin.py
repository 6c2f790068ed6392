"""A mutator that decides by which key its children are recognised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evolve import Context, Mutator, Proposal, Trial, hookimpl

CHILD = """from primitives import bent


def answer(x):
    a = x + 0.5
    b = a * x
    c = bent(b)
    dead = c + {dataflow}.0
    d = c - a
    e = d * b
    f = bent({behaviour}.0)
    g = f * 0.0
    h = e + g
    i = bent(h)
    j = i + {none}.0
    return j
"""


@dataclass
class Renumber(Mutator):
    """Writes the same program again, but for one number.

    Args:
        known_by: the level of class keys at which a child turns out to be known: "text" changes nothing, "dataflow" a
            dead statement, "behaviour" one that is multiplied by zero later on, "none" the answer.
    """

    known_by: str = "none"
    purposes = frozenset({"improve", "restart"})

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        """Return one child."""
        parent = parents[0] if parents else context.trial(0)
        numbers = {"dataflow": 1, "behaviour": 2, "none": 3, self.known_by: int(context.rng.integers(2**50))}
        return [Proposal(parent.program.child({"program.py": CHILD.format(**numbers)}), "renumber", (parent.number,))]


@hookimpl
def evolve_mutators() -> dict[str, type[Mutator]]:
    """Name the mutator."""
    return {"renumber": Renumber}
