"""The bandit: which operator it asks, and what it learns."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from evolve.interfaces import Mutator
from evolve.program import Program
from evolve.trial import Proposal, TrialStatus
from evolve_plugins.mutators.bandit import Bandit


@dataclass
class Writer(Mutator):
    """Writes a new program each time."""

    name: str
    refuses: str = ""
    seen: list[int] = field(default_factory=list)
    purposes: ClassVar[frozenset[str]] = frozenset({"improve"})

    async def propose(self, parents, context):
        if self.refuses:
            return [Proposal.refused(self.name, self.refuses)]
        text = f"{self.name} = {int(context.rng.integers(10**9))}"
        return [Proposal(Program({"program.py": text}), f"{self.name}.edit", tuple(p.number for p in parents))]

    def observe(self, trial, parents):
        self.seen.append(trial.number)

    def unfit(self, problem):
        return "never" if self.name == "misfit" else ""


@dataclass
class Starter(Writer):
    purposes: ClassVar[frozenset[str]] = frozenset({"restart"})


def play(toy, bandit, rounds, judge, purpose="improve"):
    """Let the bandit propose and learn; `judge` tells (fitness, CPU seconds, status) of an operator's trial."""
    chosen = Counter()
    parent = toy.trial("x = 0", 0, 1.0)
    for number in range(1, rounds + 1):
        proposal = toy.propose(bandit, [parent], toy.context(number, purpose=purpose))
        name = proposal.notes["arm"]
        chosen[name] += 1
        fitness, cpu_s, status = judge(name, number)
        trial = toy.trial(
            "x = 1", number, fitness, status=status, notes=proposal.notes, cpu_s=cpu_s, operator=proposal.operator
        )
        bandit.observe(trial, [parent])
    return chosen


def test_it_prefers_what_gains(toy):
    bandit = Bandit((Writer("good"), Writer("bad")))
    chosen = play(toy, bandit, 200, lambda name, k: (2.0 + k if name == "good" else 0.5, 1.0, TrialStatus.OK))
    assert chosen["good"] > 2 * chosen["bad"]


def test_of_two_that_gain_alike_it_prefers_the_cheaper(toy):
    bandit = Bandit((Writer("cheap"), Writer("dear")))
    chosen = play(toy, bandit, 200, lambda name, k: (2.0 + k, 0.1 if name == "cheap" else 5.0, TrialStatus.OK))
    assert chosen["cheap"] > 2 * chosen["dear"]


def test_duplicates_and_failures_gain_nothing(toy):
    bandit = Bandit((Writer("fresh"), Writer("copier"), Writer("broken")))

    def judge(name, k):
        if name == "broken":
            return None, 0.1, TrialStatus.FAILED
        return 2.0 + k, 0.1, TrialStatus.REUSED if name == "copier" else TrialStatus.OK

    chosen = play(toy, bandit, 200, judge)
    assert chosen["fresh"] > chosen["copier"] + chosen["broken"]


def test_every_arm_keeps_being_tried(toy):
    bandit = Bandit((Writer("good"), Writer("bad")), explore=0.2)
    chosen = play(toy, bandit, 300, lambda name, k: (2.0 + k if name == "good" else 0.5, 1.0, TrialStatus.OK))
    assert chosen["bad"] >= 15


def test_it_changes_its_mind_when_the_gains_move(toy):
    bandit = Bandit((Writer("early"), Writer("late")), memory=30)
    play(toy, bandit, 100, lambda name, k: (2.0 if name == "early" else 0.5, 1.0, TrialStatus.OK))
    chosen = play(toy, bandit, 150, lambda name, k: (2.0 if name == "late" else 0.5, 1.0, TrialStatus.OK))
    assert chosen["late"] > chosen["early"]


def test_an_arm_that_refuses_hands_over(toy):
    bandit = Bandit((Writer("stuck", refuses="nothing here"), Writer("other")))
    parent = toy.trial("x = 0")
    names = {toy.propose(bandit, [parent], toy.context(seed)).operator for seed in range(20)}
    assert names == {"other.edit"}
    alone = toy.propose(Bandit((Writer("stuck", refuses="nothing here"),)), [parent], toy.context())
    assert alone.program is None
    assert "nothing here" in alone.refusal


def test_arms_that_do_not_fit_the_problem_or_the_purpose_are_left_out(toy):
    bandit = Bandit((Writer("misfit"), Writer("editor"), Starter("starter")))
    parent = toy.trial("x = 0")
    improve = {toy.propose(bandit, [parent], toy.context(seed)).notes["arm"] for seed in range(30)}
    restart = {toy.propose(bandit, [parent], toy.context(seed, purpose="restart")).notes["arm"] for seed in range(30)}
    assert improve == {"editor"}
    assert restart == {"starter"}
    assert bandit.unfit(toy.facts) == ""
    assert "never" in Bandit((Writer("misfit"),)).unfit(toy.facts)


def test_an_operator_asked_for_by_name_is_the_one_asked(toy):
    bandit = Bandit((Writer("one"), Writer("two")))
    parent = toy.trial("x = 0")
    assert {toy.propose(bandit, [parent], toy.context(s, operator="two.edit")).notes["arm"] for s in range(9)} == {
        "two"
    }
    unknown = toy.propose(bandit, [parent], toy.context(operator="three"))
    assert unknown.program is None
    assert "three" in unknown.refusal


def test_a_restart_is_judged_among_restarts(toy):
    bandit = Bandit((Starter("good"), Starter("bad")))
    chosen = play(
        toy, bandit, 200, lambda name, k: (0.9 if name == "good" else 0.1, 1.0, TrialStatus.OK), purpose="restart"
    )
    assert chosen["good"] > chosen["bad"]


def test_all_members_see_every_trial_and_choices_follow_from_the_record_alone(toy):
    bandits = [Bandit((Writer("one"), Writer("two"))) for _ in range(2)]
    records = [
        play(toy, b, 60, lambda name, k: (k % 7 if name == "one" else 1.5, 0.2, TrialStatus.OK)) for b in bandits
    ]
    assert records[0] == records[1]
    assert [m.seen for m in bandits[0].mutators] == [list(range(1, 61))] * 2


@pytest.mark.parametrize("status", list(TrialStatus))
def test_trials_of_others_are_no_ones_merit(toy, status):
    bandit = Bandit((Writer("one"),))
    bandit.observe(toy.trial("x = 0", status=status), [])
    assert toy.propose(bandit, [toy.trial("x = 0")], toy.context()).notes["arm"] == "one"
