"""`MapElites`: the best trial of each cell of a grid over behaviour measures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from numpy.random import Generator
from pydantic import Field

from evolve import AddStatus, Archive, Trial
from evolve.errors import ConfigError
from evolve_plugins.archives.ranking import rank

__all__ = ["Axis", "MapElites"]


@dataclass(frozen=True)
class Axis:
    """One axis of the grid.

    Args:
        measure: name of the measure in `Outcome.measures`.
        low: where the first bin starts.
        high: where the last bin ends, > low; values outside fall into the nearest bin.
        bins: how many bins of equal width there are.
    """

    measure: str
    low: float
    high: float
    bins: Annotated[int, Field(gt=0)] = 10

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ConfigError(f"axis {self.measure!r}: low must be less than high, not {self.low} and {self.high}")

    def bin(self, measures: Mapping[str, float]) -> int:
        """Return which bin the measures fall into, 0 to bins - 1; -1 when the measure is missing."""
        value = measures.get(self.measure)
        if value is None:
            return -1
        inside = min(self.high, max(self.low, value))
        return min(self.bins - 1, int((inside - self.low) / (self.high - self.low) * self.bins))


@dataclass
class MapElites(Archive):
    """Keep one elite per cell; a newcomer must be strictly fitter than the elite of its cell.

    A trial without one of the measures is kept in a cell of its own kind, so it is never compared with the others.

    Args:
        axes: the axes of the grid, at least one.

    Reference: Mouret and Clune, "Illuminating search spaces by mapping elites", arXiv:1504.04909, 2015.
    """

    axes: Annotated[tuple[Axis, ...], Field(min_length=1)]
    _cells: dict[tuple[int, ...], Trial] = field(default_factory=dict, init=False, repr=False)
    _ranked: tuple[Trial, ...] | None = field(default=None, init=False, repr=False)

    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        """Put the trial into its cell when that is empty, or holds a less fit one."""
        if trial.fitness is None:
            return AddStatus.REJECTED
        cell = self.cell(trial)
        elite = self._cells.get(cell)
        if elite is not None and -trial.fitness >= rank(elite)[0]:
            return AddStatus.REJECTED
        self._cells[cell] = trial
        self._ranked = None
        return AddStatus.NEW if elite is None else AddStatus.IMPROVED

    def __iter__(self) -> Iterator[Trial]:
        if self._ranked is None:
            self._ranked = tuple(sorted(self._cells.values(), key=rank))
        return iter(self._ranked)

    def __len__(self) -> int:
        return len(self._cells)

    def cell(self, trial: Trial) -> tuple[int, ...]:
        """Return the cell that a trial belongs to: one bin per axis, -1 where its measure is missing."""
        return tuple(axis.bin(trial.measures) for axis in self.axes)
