"""`Parts`: the plugins of one run, and how they learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evolve.blaming import blaming
from evolve.events import Committed, Event, InstanceAdded, InstanceRetired, Measured, Refused
from evolve.interfaces import Curriculum, Gate, Mutator, Strategy
from evolve.state import RunState
from evolve.streams import stream
from evolve.trial import Scored, Trial

__all__ = ["Parts"]


@dataclass(frozen=True, slots=True)
class Parts:
    """The plugins of one run.

    Args:
        strategy: decides.
        mutator: proposes.
        gates: turn proposals away.
        curriculum: picks the instances of a stage, or None for all of them.
    """

    strategy: Strategy
    mutator: Mutator
    gates: Sequence[Gate] = ()
    curriculum: Curriculum | None = None

    def learn(self, state: RunState, event: Event, seed: int) -> bool:
        """Let the state and every plugin learn from a fact; return whether it brought a new best.

        Nothing else changes a plugin or the state, so feeding a record's facts again rebuilds them.

        Args:
            state: of the run.
            event: a finished trial, a refusal, a further outcome, a new or a retired instance.
            seed: of the run.
        """
        better, who = False, "observe"
        match event:
            case Committed(trial=Trial() as trial):
                better, who = state.commit(trial), f"observe/{trial.number}"
                parents = [state.trial(number) for number in trial.parents]
                with blaming(self.mutator, "observe"):
                    self.mutator.observe(trial, parents)
                for learner in (*self.gates, *([self.curriculum] if self.curriculum else ())):
                    with blaming(learner, "observe"):
                        learner.observe(trial)
                self._update(state, trial, trial.outcomes)
            case Refused():
                state.refused += 1
                with blaming(self.mutator, "observe_refusal"):
                    self.mutator.observe_refusal(event)
            case Measured(trial=Trial() as trial, scored=Scored() as scored):
                better, who = state.measure(trial), f"observe/{trial.number}"
                self._update(state, trial, (scored,))
            case InstanceAdded(instance=instance) if instance is not None:
                state.instances[instance.id] = instance
            case InstanceRetired(instance_id=name) if name in state.instances:
                state.retired[name] = state.instances.pop(name)
        with blaming(self.strategy, "observe"):
            self.strategy.observe(event, stream(seed, event.step, who))
        return better

    def _update(self, state: RunState, trial: Trial, outcomes: Sequence[Scored]) -> None:
        if self.curriculum is not None:
            with blaming(self.curriculum, "update"):
                for scored in outcomes:
                    self.curriculum.update(trial, scored, state.instance(scored.instance))
