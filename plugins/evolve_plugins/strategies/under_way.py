"""What is decided and not committed yet, counted by trial."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from evolve.interfaces import Action, Evaluate, Propose, View
from evolve.lineage import Lineage

__all__ = ["UnderWay"]


@dataclass
class UnderWay:
    """Children being made and trials being judged; what one decision adds is noted here, too.

    Args:
        making: how many children of a trial are being made, by its number.
        judging: (trial, instance) pairs.
        at: how many actions concern a trial, by its number.
    """

    making: Counter[int] = field(default_factory=Counter)
    judging: set[tuple[int, str]] = field(default_factory=set)
    at: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of(cls, actions: Iterable[Action]) -> UnderWay:
        """Count actions."""
        found = cls()
        for action in actions:
            found.note(action)
        return found

    def note(self, action: Action) -> None:
        """Count one action; a fresh start is nobody's child."""
        if isinstance(action, Propose):
            self.making.update(action.parents[:1])
            self.at.update(action.parents[:1])
        elif isinstance(action, Evaluate):
            self.judging.update((action.trial, name) for name in action.instances)
            self.at[action.trial] += 1

    def fresh(self, view: View, number: int) -> list[str]:
        """Return the instances that a trial has not met and is not being judged on, out of those that search sees."""
        met = {scored.instance for scored in view.outcomes(number)}
        seen = (name for name, instance in view.instances.items() if instance.split == "train")
        return [name for name in seen if name not in met and (number, name) not in self.judging]

    def below(self, lineage: Lineage) -> Counter[int]:
        """Return how many actions concern a trial or what descends from it, by its number; strangers are left out."""
        found = Counter({number: count for number, count in self.at.items() if number in lineage})
        for number, count in [*found.items()]:
            found.update(dict.fromkeys(lineage.ancestors(number), count))
        return found
