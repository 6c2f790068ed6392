"""`Cells`: what archives share that keep one elite per cell of a space of measures."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from numpy.random import Generator
from pydantic import Field

from evolve import AddStatus, Archive, Trial
from evolve.errors import ConfigError
from evolve_plugins.archives.ranking import Ranked, rank

__all__ = ["Cells", "Span"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Span:
    """A measure and its range.

    Args:
        measure: name of the measure in `Outcome.measures`.
        low: where the range starts.
        high: where it ends, > low; values outside count as the nearest inside.
    """

    measure: str
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ConfigError(f"axis {self.measure!r}: low must be less than high, not {self.low} and {self.high}")


@dataclass
class Cells(Archive):
    """Keep one elite per cell; a newcomer must be strictly fitter than the elite of its cell.

    Args:
        axes: the measures that span the space, at least one.
    """

    axes: Annotated[tuple[Span, ...], Field(min_length=1)]
    _elites: dict[Hashable, Trial] = field(default_factory=dict, init=False, repr=False)
    _ranked: Ranked = field(default_factory=Ranked, init=False, repr=False)
    _told: set[str] = field(default_factory=set, init=False, repr=False)

    @abstractmethod
    def place(self, measures: Mapping[str, float]) -> Hashable:
        """Return the cell that a trial with these measures belongs to."""

    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        """Put the trial into its cell when that is empty, or holds a less fit one."""
        if trial.fitness is None:
            return AddStatus.REJECTED
        measures = trial.measures
        cell = self.place(measures)
        if len(self._told) < len(self.axes):
            self._tell(trial.number, measures)
        elite = self._elites.get(cell)
        if elite is not None:
            if -trial.fitness >= rank(elite)[0]:
                return AddStatus.REJECTED
            self._ranked.remove(elite)
        self._elites[cell] = trial
        self._ranked.add(trial)
        return AddStatus.NEW if elite is None else AddStatus.IMPROVED

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._ranked)

    def __len__(self) -> int:
        return len(self._ranked)

    def _tell(self, number: int, measures: Mapping[str, float]) -> None:
        """Warn of the first value of an axis that is outside its range, or missing."""
        for axis in self.axes:
            value = measures.get(axis.measure)
            if (value is not None and axis.low <= value <= axis.high) or axis.measure in self._told:
                continue
            self._told.add(axis.measure)
            what = "missing" if value is None else f"{value:g}, outside of {axis.low:g} to {axis.high:g}"
            _log.warning("measure %r of trial %d is %s; this is said once", axis.measure, number, what)
