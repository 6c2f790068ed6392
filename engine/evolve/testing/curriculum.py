"""What every curriculum promises."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from evolve.evaluation import Outcome, Status
from evolve.instance import Instance
from evolve.interfaces import Curriculum, MakeInstance, Retire
from evolve.testing.factories import make_trial
from evolve.trial import Scored, Trial

__all__ = ["CurriculumContract", "teach"]

_COUNT = 40


def teach(curriculum: Curriculum, trial: Trial, instances: Iterable[Instance] = ()) -> None:
    """Tell a curriculum of a finished trial, as the engine does.

    Args:
        curriculum: learns.
        trial: with its outcomes.
        instances: that it was judged on; one that is not among them has no parameters.
    """
    known = {instance.id: instance for instance in instances}
    curriculum.observe(trial)
    for scored in trial.outcomes:
        curriculum.update(trial, scored, known.get(scored.instance, Instance(scored.instance)))


class CurriculumContract:
    """Subclass it as `TestMine`, and override `make`; also `instances` when the parameters matter."""

    def make(self) -> Curriculum:
        """Return a new curriculum."""
        raise NotImplementedError("override make() and return a new curriculum")

    def instances(self) -> Sequence[Instance]:
        """Return the instances to choose from."""
        return [Instance(f"i{x}", {"x": float(x), "y": float(x * x)}) for x in range(12)]

    def test_it_samples_some_of_the_instances_it_is_given_each_once(self) -> None:
        curriculum = self._taught()
        for count in (1, 2, len(self.instances())):
            given = self.instances()[:count]
            for seed in range(10):
                picked = list(curriculum.sample(given, np.random.default_rng(seed)))
                ids = [instance.id for instance in picked]
                assert picked
                assert len(set(ids)) == len(ids)
                assert all(instance in given for instance in picked)

    def test_a_new_one_can_sample_before_it_has_seen_a_trial(self) -> None:
        assert self.make().sample(self.instances(), np.random.default_rng(1))

    def test_the_same_random_stream_gives_the_same_sample_and_nothing_is_remembered(self) -> None:
        used, fresh = self._taught(), self._taught()
        for seed in range(10):
            used.sample(self.instances()[seed % 3 :], np.random.default_rng(seed))
        for seed in range(10):
            assert _ids(used, self.instances(), seed) == _ids(fresh, self.instances(), seed)

    def test_asking_whether_to_go_on_changes_nothing(self) -> None:
        used, fresh = self._taught(), self._taught()
        questions = [(trial, trial.outcomes[: 1 + n % 3]) for n, trial in enumerate(self._trials()) if trial.valid]
        first = [used.go_on(trial, outcomes) for trial, outcomes in questions]
        assert [used.go_on(trial, outcomes) for trial, outcomes in questions] == first
        assert [fresh.go_on(trial, outcomes) for trial, outcomes in reversed(questions)] == first[::-1]
        assert _ids(used, self.instances(), 3) == _ids(fresh, self.instances(), 3)

    def test_it_leaves_the_instances_as_they_are(self) -> None:
        given = list(self.instances())
        self._taught().sample(given, np.random.default_rng(1))
        assert given == list(self.instances())

    def test_instances_that_it_never_heard_of_may_come_and_known_ones_may_go(self) -> None:
        made = [replace(instance, id=f"made-{instance.id}", params={"z": 1}) for instance in self.instances()[:3]]
        curriculum = self._taught()
        assert curriculum.sample(made, np.random.default_rng(1))
        assert curriculum.sample([*made, *self.instances()[:2]], np.random.default_rng(1))

    def test_it_learns_from_any_trial(self) -> None:
        curriculum = self._taught()
        for trial in (make_trial(900), make_trial(901, None), replace(make_trial(902, None), outcomes=())):
            teach(curriculum, trial)
        assert curriculum.sample(self.instances(), np.random.default_rng(1))

    def test_it_learns_from_an_outcome_that_comes_later_of_a_trial_that_it_may_not_know(self) -> None:
        curriculum = self._taught()
        for trial, instance in zip([*self._trials(), make_trial(900)], itertools.cycle(self.instances()), strict=False):
            further = Scored(instance.id, "", Outcome.ok(0.5))
            curriculum.update(replace(trial, outcomes=(*trial.outcomes, further)), further, instance)
        assert curriculum.sample(self.instances(), np.random.default_rng(1))

    def test_what_joins_has_a_new_name_and_what_leaves_is_known(self) -> None:
        curriculum, active = self.make(), {instance.id: instance for instance in self.instances()}
        ever = set(active)
        for trial in self._trials():
            teach(curriculum, trial, active.values())
            for change in curriculum.revise(list(active.values()), np.random.default_rng(trial.number)):
                if isinstance(change, MakeInstance):
                    assert change.instance.id not in ever
                    ever.add(change.instance.id)
                    active[change.instance.id] = change.instance
                else:
                    del active[change.instance]
            picked = curriculum.sample(list(active.values()), np.random.default_rng(1))
            assert all(instance in active.values() for instance in picked)
            for instance in picked:
                met = Scored(instance.id, "main", Outcome.ok(float(trial.number % 2)))
                curriculum.update(replace(trial, outcomes=(met,)), met, instance)

    def test_the_same_random_stream_makes_the_same_changes_and_nothing_is_remembered(self) -> None:
        used, fresh = self._taught(), self._taught()
        for seed in range(10):
            used.revise(self.instances()[seed % 3 :], np.random.default_rng(seed))
        for seed in range(10):
            assert _changes(used, self.instances(), seed) == _changes(fresh, self.instances(), seed)

    def _taught(self) -> Curriculum:
        """Return a curriculum that has seen a short run."""
        curriculum = self.make()
        for trial in self._trials():
            teach(curriculum, trial, self.instances())
        return curriculum

    def _trials(self) -> list[Trial]:
        """Return trials judged on a few instances each; some fail on the last one."""
        rng, given, trials = np.random.default_rng(5), self.instances(), list[Trial]()
        for number in range(_COUNT):
            chosen = rng.choice(len(given), size=min(3, len(given)), replace=False)
            scores = [float(rng.integers(2)) for _ in chosen]
            outcomes = [Scored(given[i].id, "main", Outcome.ok(score)) for i, score in zip(chosen, scores, strict=True)]
            fitness: float | None = float(np.mean(scores))
            if number % 5 == 4:
                outcomes[-1] = replace(outcomes[-1], outcome=Outcome.failed(Status.TIMEOUT, "too slow"))
                fitness = None
            trials.append(replace(make_trial(number, fitness), outcomes=tuple(outcomes)))
        return trials


def _changes(curriculum: Curriculum, given: Sequence[Instance], seed: int) -> list[MakeInstance | Retire]:
    return list(curriculum.revise(given, np.random.default_rng(seed)))


def _ids(curriculum: Curriculum, given: Sequence[Instance], seed: int) -> list[str]:
    return [instance.id for instance in curriculum.sample(given, np.random.default_rng(seed))]
