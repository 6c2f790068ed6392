"""What evaluators share that hand their work to another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evolve.evaluation import Verdict
from evolve.instance import Instance
from evolve.interfaces import Candidate, Description, Evaluator, Setup

__all__ = ["Delegating"]


class Delegating(Evaluator):
    """Hands everything but `evaluate` to the evaluator that `_chief` names."""

    @property
    def _chief(self) -> Evaluator:
        raise NotImplementedError

    def open(self, setup: Setup) -> Description:
        return self._chief.open(setup)

    def probe(self, candidate: Candidate) -> Any:
        return self._chief.probe(candidate)

    def verify(self, solution: Any, instance: Instance) -> Verdict:
        return self._chief.verify(solution, instance)

    def draw(self, solution: Any, instance: Instance) -> Mapping[str, bytes]:
        return self._chief.draw(solution, instance)

    def overview(self, results: Sequence[Mapping[str, Any]]) -> Mapping[str, bytes]:
        return self._chief.overview(results)

    def explain(self, files: Mapping[str, str], main: str) -> str:
        return self._chief.explain(files, main)
