"""`MinimalCriterion`: only programs that are good enough in what matters may have children."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from evolve import Context, Gate, Proposal, Trial
from evolve.interfaces import Ruling

__all__ = ["MinimalCriterion"]


@dataclass
class MinimalCriterion(Gate):
    """Turns away proposals whose primary parent misses a criterion: bounds on its score, metrics or measures.

    A gate stands before the evaluation and cannot know what a program will do, so the criterion is on the right to
    reproduce, as in the paper. Metrics and measures are those of the parent's last valid outcome; a parent that is not
    valid, or lacks one of the names, misses it. As long as no trial meets the criterion, all pass, and a fresh start
    always does.

    Args:
        at_least: lowest value by name: "score" (in the problem's direction), or a metric or measure of the problem;
            where both have the name, the metric counts.
        at_most: highest value by name.

    Reference: Lehman and Stanley, "Revising the evolutionary computation abstraction: minimal criteria novelty
        search", GECCO 2010.
    """

    at_least: dict[str, float] = field(default_factory=dict)
    at_most: dict[str, float] = field(default_factory=dict)
    _met: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        for name in sorted({*self.at_least} & {*self.at_most}):
            if self.at_least[name] > self.at_most[name]:
                raise ValueError(
                    f"no {name} can be at least {self.at_least[name]:g} and at most {self.at_most[name]:g}"
                )

    async def judge(self, proposal: Proposal, parents: Sequence[Trial], context: Context) -> Ruling:
        """Reject with one line that names the parent and the bound that it misses."""
        if proposal.program is None:
            return Ruling.reject(proposal.refusal or "no program")
        why = self._missed(parents[0]) if parents and self._met else ""
        return Ruling.reject(why) if why else Ruling.accept()

    def observe(self, trial: Trial) -> None:
        """Note that a trial meets the criterion."""
        self._met = self._met or not self._missed(trial)

    def _missed(self, trial: Trial) -> str:
        """Return in which way a trial misses the criterion, or ""."""
        if trial.score is None:
            return f"its parent, trial {trial.number}, is not valid"
        values = {**trial.measures, **trial.metrics, "score": trial.score}
        for bounds, sign, word in ((self.at_least, 1.0, "least"), (self.at_most, -1.0, "most")):
            for name, bound in bounds.items():
                if name not in values:
                    known = ", ".join(sorted(values))
                    return f"its parent, trial {trial.number}, has no {name!r}; it has {known}"
                if sign * values[name] < sign * bound:
                    return (
                        f"its parent, trial {trial.number}, has {name} {values[name]:g}; at {word} {bound:g} is needed"
                    )
        return ""
