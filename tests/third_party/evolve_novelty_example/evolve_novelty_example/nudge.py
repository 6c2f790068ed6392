"""`Nudge`: change one number of the program a little."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from evolve import Context, Mutator, Proposal, Trial

_NUMBER = re.compile(r"(?<![\w.])\d+\.\d+")


@dataclass
class Nudge(Mutator):
    """Multiply one decimal number of the evolvable lines by a factor near 1.

    Args:
        spread: standard deviation of the factor's logarithm, > 0.
    """

    spread: Annotated[float, Field(gt=0)] = 0.3

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        if not parents:
            return [Proposal.refused("nudge", "it needs a parent")]
        parent = parents[0]
        path, lines = parent.program.main, parent.program.text.splitlines()
        inside = [n for region in parent.program.regions(path) for n in range(region.start, region.stop)]
        found = [(n, match) for n in inside for match in _NUMBER.finditer(lines[n])]
        if not found:
            return [Proposal.refused("nudge", "there is no decimal number to change", (parent.number,))]
        n, match = found[context.rng.integers(len(found))]
        value = float(match[0]) * float(context.rng.lognormal(0.0, self.spread))
        lines[n] = f"{lines[n][: match.start()]}{value:.6f}{lines[n][match.end() :]}"
        return [Proposal(parent.program.child({path: "\n".join(lines) + "\n"}), "nudge", (parent.number,))]
