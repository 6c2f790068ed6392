"""`SignatureClusters`: programs that score alike on every instance share a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field

from evolve import AddStatus, Archive, Niche, Trial
from evolve_plugins.archives.ranking import Ranked, rank

__all__ = ["SignatureClusters"]

_Signature = tuple[tuple[str, float | None], ...]


@dataclass
class SignatureClusters(Archive):
    """Keep all valid trials in clusters of equal scores, and breed from a few good clusters, one program of each.

    A niche is a prompt's worth of programs. Clusters are drawn by a softmax of their fitness, with a temperature
    that falls over `period` trials and then starts again. Within a cluster shorter programs are likelier:
    a softmax of minus the length, scaled as (length - shortest) / longest. Any selector that takes all members, such as
    `uniform` with `parents` as many, passes the prompt on. For the whole method use it as the `inner` of `islands`
    with `count = 10`, `stall = 0` and `reset_every`.

    Args:
        temperature: of the first draw, in units of the fitness, > 0; the paper's 0.1 suits whole numbers.
        period: trials until the temperature starts again.
        members: how many clusters are drawn, and so how many programs a niche has at most.

    Reference: Romera-Paredes et al., "Mathematical discoveries from program search with large language models",
        Nature 625, 2024; constants, and clusters drawn with replacement, as in the released code. It deviates in that
        a program drawn twice is shown once, a cluster's score is the trial's fitness and not its last instance's
        score, and a length counts the characters of the whole program, not those of the evolved function alone.
    """

    temperature: Annotated[float, Field(gt=0)] = 0.1
    period: Annotated[int, Field(gt=0)] = 30_000
    members: Annotated[int, Field(gt=0)] = 2
    _ranked: Ranked = field(default_factory=Ranked, init=False, repr=False)
    _clusters: dict[_Signature, list[Trial]] = field(default_factory=dict, init=False, repr=False)

    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        """Put the trial into the cluster of its signature."""
        if trial.fitness is None or trial in self._ranked:
            return AddStatus.REJECTED
        self._ranked.add(trial)
        self._clusters.setdefault(_signature(trial), []).append(trial)
        return AddStatus.NEW

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._ranked)

    def __len__(self) -> int:
        return len(self._ranked)

    def niche(self, rng: Generator) -> Niche:
        """Draw clusters by fitness, and a program of each by length."""
        if not self._clusters:
            return Niche("", ())
        clusters = list(self._clusters.values())
        chances = self.chances(np.array([cluster[0].fitness for cluster in clusters]))
        count = min(self.members, len(clusters))
        drawn = [_by_length(clusters[i], rng) for i in rng.choice(len(clusters), size=count, p=chances)]
        return Niche("", sorted({trial.number: trial for trial in drawn}.values(), key=rank))

    def chances(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how likely each cluster is now.

        Args:
            scores: fitness of each cluster.

        Returns:
            Probabilities, as many.
        """
        kept = len(self._ranked)
        return _softmax(scores, self.temperature * (1 - kept % self.period / self.period))


def _signature(trial: Trial) -> _Signature:
    return tuple(sorted((scored.instance, scored.outcome.score) for scored in trial.reached))


def _by_length(cluster: Sequence[Trial], rng: Generator) -> Trial:
    if len(cluster) == 1:
        return cluster[0]
    lengths = np.array([sum(map(len, trial.program.files.values())) for trial in cluster])
    scaled = (lengths - lengths.min()) / (lengths.max() + 1e-6)
    return cluster[int(rng.choice(len(cluster), p=_softmax(-scaled, 1.0)))]


def _softmax(values: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = np.exp((values - values.max()) / temperature)
    weights /= weights.sum()
    return weights
