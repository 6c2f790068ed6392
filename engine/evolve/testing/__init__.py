"""Contract tests for plugin authors: subclass one, say how to make your plugin, and run pytest.

    from evolve.testing import ArchiveContract

    class TestNovelty(ArchiveContract):
        def make(self) -> Novelty:
            return Novelty(measure="length")

Each test of a contract is a promise that the engine relies on. The built-in plugins pass the same ones.
"""

from __future__ import annotations

from evolve.testing.archive import ArchiveContract
from evolve.testing.curriculum import CurriculumContract, teach
from evolve.testing.factories import MemoryContext, MemoryView, make_facts, make_trial
from evolve.testing.gate import GateContract
from evolve.testing.mutator import MutatorContract
from evolve.testing.selector import SelectorContract
from evolve.testing.strategy import StrategyContract

__all__ = [
    "ArchiveContract",
    "CurriculumContract",
    "GateContract",
    "MemoryContext",
    "MemoryView",
    "MutatorContract",
    "SelectorContract",
    "StrategyContract",
    "make_facts",
    "make_trial",
    "teach",
]
