"""`ReusePolicy`: what a hit leads to.

The known outcomes are reused, averaged with new ones or forgotten, or the proposal is turned away; and a share of the
hits is evaluated as well, to see whether the classes are what they claim to be.

Reference: Gillard et al., "Unified functional hashing in automatic machine learning", arXiv:2302.05433, 2023. There,
"average" is the aggregating and "forget" the forgetful form of functional equivalence caching; "remutate" is the
functional change mutation, and "tabu" the tabu list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from evolve import views
from evolve.state import RunState
from evolve.streams import stream
from evolve.tables import ClassKeysTable
from evolve.trial import Trial

__all__ = ["KNOWN", "ReusePolicy", "Use"]

KNOWN = "known class"
"""Why "tabu" and "remutate" refuse a trial."""


class Use(StrEnum):
    """What becomes of a trial, once its class is known.

    It is the FIRST of its class, or such a one that is to be evaluated even if another run has paid for it, as a CHECK
    of that run's outcome. Or it is a hit, and will REUSE what is known; or be evaluated AGAIN, to be averaged; or RENEW
    what is known; or be evaluated for an AUDIT of its class; or the policy will REFUSE it.
    """

    FIRST = "first"
    CHECK = "check"
    REUSE = "reuse"
    AGAIN = "again"
    RENEW = "renew"
    AUDIT = "audit"
    REFUSE = "refuse"

    @property
    def fresh(self) -> bool:
        """True when nothing but a new evaluation serves."""
        return self in (Use.CHECK, Use.AGAIN, Use.RENEW, Use.AUDIT)


@dataclass
class ReusePolicy:
    """Decides what becomes of the trials of a class, in the order in which it is told of them.

    Args:
        state: of the run.
        settings: the policy and its numbers.
        seed: of the run.
    """

    state: RunState
    settings: ClassKeysTable
    seed: int
    _members: dict[str, tuple[int, ...]] = field(default_factory=dict, init=False, repr=False)
    _refused: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        """Learn what the record says of classes beyond their keys."""
        ledger, policy = self.state.ledger, self.settings.policy
        if policy in ("average", "forget"):
            for number, name in views.evaluated(ledger):
                earlier = self._members.get(name, ()) if policy == "average" else ()
                self._members[name] = (*earlier, number)
        if policy in ("tabu", "remutate"):
            self._refused = views.refused_in_a_row(ledger, KNOWN)

    def first(self, trial: Trial, name: str, judged: bool, shared: bool) -> Use:
        """Take note of the first trial of a class, and decide whether what other runs say of it is checked.

        Args:
            trial: as it was proposed.
            name: of its class.
            judged: False when the strategy wants the trial entered without an evaluation.
            shared: outcomes of other runs may be taken over.
        """
        self._refused = 0
        if self.settings.policy in ("average", "forget"):
            self._members[name] = (trial.number,)
        return Use.CHECK if judged and shared and self._drawn(trial, "audit", self.settings.audit) else Use.FIRST

    def hit(self, trial: Trial, name: str, leader: int, judged: bool) -> tuple[Use, tuple[int, ...]]:
        """Decide what becomes of a further trial of a class, and take note of it.

        Args:
            trial: as it was proposed.
            name: of its class.
            leader: number of the trial that leads the class.
            judged: False when the strategy wants the trial entered without an evaluation.

        Returns:
            What becomes of it, and the numbers of the evaluated trials that the class's outcomes are taken from.
        """
        members = self._members.get(name, (leader,))
        use = self._use(trial, name, len(members), judged)
        self._refused = self._refused + 1 if use is Use.REFUSE else 0
        if use is Use.AGAIN:
            self._members[name] = (*members, trial.number)
        elif use is Use.RENEW:
            self._members[name] = (trial.number,)
        return use, members

    def _use(self, trial: Trial, name: str, evaluations: int, judged: bool) -> Use:
        said = self.settings
        unwanted = said.policy == "tabu"
        if said.policy == "remutate":
            unwanted = name in {self.state.trial(number).class_key for number in trial.parents}
        if unwanted and self._refused < said.tries:
            return Use.REFUSE
        if not judged:
            return Use.REUSE
        if said.policy == "average" and evaluations < said.average_up_to:
            return Use.AGAIN
        if said.policy == "forget" and self._drawn(trial, "forget", said.forget):
            return Use.RENEW
        return Use.AUDIT if self._drawn(trial, "audit", said.audit) else Use.REUSE

    def _drawn(self, trial: Trial, who: str, share: float) -> bool:
        return share > 0 and bool(stream(self.seed, trial.number, who).random() < share)
