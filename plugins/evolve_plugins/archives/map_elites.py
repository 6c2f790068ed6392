"""`MapElites`: the best trial of each cell of a grid over behaviour measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from evolve_plugins.archives.cells import Cells, Span

__all__ = ["Axis", "MapElites"]


@dataclass(frozen=True)
class Axis(Span):
    """One axis of the grid.

    Args:
        measure: name of the measure in `Outcome.measures`.
        low: where the first bin starts.
        high: where the last bin ends, > low; values outside fall into the nearest bin.
        bins: how many bins of equal width there are.
    """

    bins: Annotated[int, Field(gt=0)] = 10

    def bin(self, measures: Mapping[str, float]) -> int:
        """Return which bin the measures fall into, 0 to bins - 1; -1 when the measure is missing."""
        value = measures.get(self.measure)
        if value is None:
            return -1
        if value <= self.low:
            return 0
        if value >= self.high:
            return self.bins - 1
        return min(self.bins - 1, int((value - self.low) / (self.high - self.low) * self.bins))


@dataclass
class MapElites(Cells):
    """Keep one elite per cell; a newcomer must be strictly fitter than the elite of its cell.

    A trial without one of the measures is kept in a cell of its own kind, so it is never compared with the others.
    The first value outside an axis, and the first that is missing, are logged as warnings.

    Args:
        axes: the axes of the grid, at least one.

    Reference: Mouret and Clune, "Illuminating search spaces by mapping elites", arXiv:1504.04909, 2015.
    """

    axes: Annotated[tuple[Axis, ...], Field(min_length=1)]

    def place(self, measures: Mapping[str, float]) -> tuple[int, ...]:
        """Return the cell of these measures: one bin per axis, -1 where a measure is missing."""
        return tuple([axis.bin(measures) for axis in self.axes])
