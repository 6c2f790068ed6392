"""`Cascade`: several judges, the cheapest first."""

from __future__ import annotations

from dataclasses import dataclass, replace

from evolve.evaluation import Outcome
from evolve.instance import Instance
from evolve.interfaces import Candidate, Description, Evaluator, Setup
from evolve_plugins.evaluators.delegating import Delegating

__all__ = ["Cascade"]


@dataclass
class Cascade(Delegating):
    """Ask one judge after the other about the same instance; the first that refuses a program ends it.

    The last judge's outcome counts; instances, probe, verify and draw are its, too. The scores of the others become
    the metrics `step_0`, `step_1`, ... To judge by the same judge on more and more instances, or to stop below a score,
    use stages: each of their outcomes is recorded by itself. All judges share one process of the candidate, and its
    limits.

    Args:
        evaluators: the judges, cheapest first.
    """

    evaluators: tuple[Evaluator, ...]

    def __post_init__(self) -> None:
        if not self.evaluators:
            raise ValueError("evaluators is empty; name the judges, cheapest first")

    @property
    def _chief(self) -> Evaluator:
        return self.evaluators[-1]

    def open(self, setup: Setup) -> Description:
        """Open every judge; return what the last one offers."""
        return [evaluator.open(setup) for evaluator in self.evaluators][-1]

    def evaluate(self, candidate: Candidate, instance: Instance) -> Outcome:
        """Return the last outcome, or the first that has no score."""
        passed: dict[str, float] = {}
        for number, evaluator in enumerate(self.evaluators):
            outcome = evaluator.evaluate(candidate, instance)
            if outcome.score is None:
                break
            passed[f"step_{number}"] = outcome.score
        passed.pop(f"step_{len(self.evaluators) - 1}", None)
        return replace(outcome, metrics={**outcome.metrics, **passed})
