"""`SignatureClusters`: clusters by scores, a temperature that falls, and short programs first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import chisquare

from evolve import Archive, Outcome, Program, Trial
from evolve.testing import ArchiveContract
from evolve.trial import Scored
from evolve_plugins.archives.signature_clusters import SignatureClusters

RNG = np.random.default_rng(1)


class TestSignatureClustersContract(ArchiveContract):
    def make(self) -> Archive:
        return SignatureClusters(temperature=2.0, period=13)


def judged(number: int, scores: Sequence[float], text: str = "x = 1") -> Trial:
    outcomes = tuple(Scored(f"n{i}", "full", Outcome.ok(score)) for i, score in enumerate(scores))
    mean = float(np.mean(scores))
    return Trial(number, Program({"program.py": text}), outcomes=outcomes, score=mean, fitness=mean)


def filled(trials: Sequence[Trial], **settings: float) -> SignatureClusters:
    archive = SignatureClusters(**settings)  # type: ignore[arg-type]
    for trial in trials:
        archive.add(trial, RNG)
    return archive


def drawn(archive: SignatureClusters, draws: int = 3000) -> Counter[int]:
    rng = np.random.default_rng(7)
    return Counter(trial.number for _ in range(draws) for trial in archive.niche(rng).members)


def test_clusters_are_drawn_by_a_softmax_of_their_fitness() -> None:
    archive = filled([judged(i, [score]) for i, score in enumerate([1.0, 2.0, 2.5, 0.0])], temperature=0.9, members=1)
    counts = drawn(archive)
    expected = 3000 * softmax(np.array([1.0, 2.0, 2.5, 0.0]) / (0.9 * (1 - 4 / 30_000)))
    assert chisquare([counts[i] for i in range(4)], expected).pvalue > 0.001


def test_programs_of_equal_scores_on_every_instance_share_a_cluster() -> None:
    scores = [[1.0, 3.0], [3.0, 1.0], [1.0, 3.0], [1.0, 3.0], [1.0, 3.0]]
    archive = filled([judged(i, each) for i, each in enumerate(scores)], members=1)
    counts = drawn(archive)
    assert chisquare([counts[1], sum(counts[i] for i in (0, 2, 3, 4))]).pvalue > 0.001


def test_within_a_cluster_shorter_programs_are_likelier() -> None:
    lengths = np.array([10, 20, 40])
    archive = filled([judged(i, [1.0], "#" * int(length)) for i, length in enumerate(lengths)], members=1)
    counts = drawn(archive)
    expected = 3000 * softmax(-(lengths - 10) / (40 + 1e-6))
    assert chisquare([counts[i] for i in range(3)], expected).pvalue > 0.001


@pytest.mark.parametrize(("kept", "temperature"), [(1, 0.75), (3, 0.25), (4, 1.0), (7, 0.25)])
def test_the_temperature_falls_over_a_period_and_starts_again(kept: int, temperature: float) -> None:
    archive = filled([judged(i, [float(i)]) for i in range(kept)], temperature=1.0, period=4)
    assert np.allclose(archive.chances(np.array([0.0, 1.0])), softmax(np.array([0.0, 1.0]) / temperature))


def test_scores_of_any_size_are_drawn_without_overflow() -> None:
    archive = filled([judged(0, [-1e300]), judged(1, [1e300])])
    assert set(drawn(archive, 20)) == {1}


def test_a_niche_holds_at_most_its_members_and_never_one_twice() -> None:
    archive = filled([judged(i, [float(i % 3)]) for i in range(9)], temperature=5.0, members=4)
    rng = np.random.default_rng(2)
    sizes = Counter(len(archive.niche(rng).members) for _ in range(300))
    assert set(sizes) == {1, 2, 3}


def test_it_keeps_every_program() -> None:
    archive = filled([judged(i, [1.0]) for i in range(30)])
    assert [trial.number for trial in archive] == list(range(30))
    assert archive.add(judged(3, [1.0]), RNG) == "rejected"
