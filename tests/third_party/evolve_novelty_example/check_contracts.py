"""The example's plugins keep the contracts of their kinds."""

from __future__ import annotations

from evolve_novelty_example.novelty import Novelty
from evolve_novelty_example.nudge import Nudge

from evolve.testing import ArchiveContract, MutatorContract


class TestNovelty(ArchiveContract):
    measures = ("mass",)

    def make(self) -> Novelty:
        return Novelty(measure="mass", radius=0.1)


class TestNudge(MutatorContract):
    def make(self) -> Nudge:
        return Nudge()
