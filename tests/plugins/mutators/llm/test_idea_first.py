"""Ideas before code: what the reviewer reads and notes, and that a gate pays exactly when it can tell good from bad."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist, fmean, stdev
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from evolve import Gate, Mutator, ProblemError, Program, Proposal, Trial
from evolve.actions import Propose
from evolve.interfaces import ProblemFacts, Ruling
from evolve.messages import Capabilities, Fault, ModelError, Request
from evolve.proposing import Proposer
from evolve.registry import Registry
from evolve.testing import GateContract, MemoryContext, MutatorContract, make_facts, make_trial
from evolve_plugins.gates.reviewer import UNREADABLE, Reviewer, read_score
from evolve_plugins.mutators.llm.contexts import idea_in
from evolve_plugins.mutators.llm.diff import LlmDiff
from evolve_plugins.mutators.llm.idea import IdeaFirst

IDEA = "<idea>Add one to the number.</idea>"
CODE = "<<<<<<< SEARCH\n    return 0\n=======\n    return 1\n>>>>>>> REPLACE"
GOOD, BAD = "a good idea", "a bad idea"
INTERVAL = NormalDist().inv_cdf(0.9995)


def said(request: Request) -> str:
    return "\n".join(message.text for message in request.messages)


def asks_for_idea(request: Request) -> bool:
    return "Do not write code yet" in said(request)


def reviews(request: Request) -> bool:
    return "You review" in said(request)


def model(review: str = r"\boxed{7.5}", idea: str = IDEA, code: str = CODE) -> Callable[[Request], str]:
    return lambda request: review if reviews(request) else idea if asks_for_idea(request) else code


def propose(mutator: Mutator, reply: Any, **rest: Any) -> tuple[Proposal, MemoryContext]:
    parent = make_trial(0, 1.0)
    context = MemoryContext({0: parent}, reply=reply, **rest)
    (made,) = asyncio.run(mutator.propose([parent], context))
    return made, context


def judge(gate: Gate, proposal: Proposal, reply: Any = None, **rest: Any) -> tuple[Ruling, MemoryContext]:
    context = MemoryContext(reply=reply, **rest)
    return asyncio.run(gate.judge(proposal, [make_trial(0, 1.5)], context)), context


def with_idea(**notes: Any) -> Proposal:
    return Proposal(make_trial(0).program, "idea", (0,), notes={"idea": "Add one.", **notes})


# --- reading a score ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("review", "score"),
    [
        (r"Sound. \boxed{7.5}", 7.5),
        ("<score> 7.5 </score>", 7.5),
        (r"\boxed{0}", 0.0),
        (r"$\boxed{10}$", 10.0),
        (r"\boxed{6} and, to say it again, <score>6.0</score>", 6.0),
        (r"<think>perhaps \boxed{2}</think> \boxed{8}", 8.0),
        ("I would give it 7.5 of 10.", UNREADABLE),
        (r"\boxed{7} or rather \boxed{8}", UNREADABLE),
        (r"\boxed{11}", UNREADABLE),
        (r"\boxed{-3}", UNREADABLE),
        (r"\boxed{high}", UNREADABLE),
        (r"\boxed{7} \boxed{high}", UNREADABLE),
        (r"\boxed{nan}", UNREADABLE),
        (r"\boxed{}", UNREADABLE),
        ("", UNREADABLE),
    ],
)
def test_one_number_in_range_is_a_score_and_everything_else_is_none(review: str, score: float) -> None:
    assert read_score(review) == score


# --- the gate -------------------------------------------------------------------------------------------------------


class TestReviewerContract(GateContract):
    def make(self) -> Gate:
        return Reviewer()

    def good(self) -> Sequence[Proposal]:
        return [Proposal(make_trial(3).program, "test", (0,)), with_idea(review=9.0)]

    def bad(self) -> Sequence[Proposal]:
        return [with_idea()]


@pytest.mark.parametrize(
    ("review", "passed", "score"),
    [
        (r"\boxed{5.5}", True, 5.5),
        (r"\boxed{5.4}", False, 5.4),
        ("no score", False, -1.0),
    ],
)
def test_an_idea_passes_from_the_threshold_on_and_its_score_is_noted(review: str, passed: bool, score: float) -> None:
    ruling, _ = judge(Reviewer(), with_idea(), model(review))
    assert (ruling.passed, dict(ruling.notes)) == (passed, {"review": score})


def test_without_a_model_it_refuses_in_one_line_or_lets_everything_pass() -> None:
    ruling, _ = judge(Reviewer(), with_idea())
    assert ruling.reason.startswith("the reviewer needs a model; name one")
    assert judge(Reviewer(without_models="pass"), with_idea())[0].passed


def test_a_model_that_does_not_answer_is_a_rejection_with_its_reason() -> None:
    ruling, _ = judge(Reviewer(), with_idea(), lambda request: ModelError(Fault.SERVER, "503"))
    assert (ruling.reason, dict(ruling.notes)) == ("no review: server error: 503", {"review": "failed"})


def test_a_share_passes_unreviewed_and_says_so() -> None:
    gate = Reviewer(share_unreviewed=0.25)
    passed = 0
    for seed in range(400):
        ruling, context = judge(gate, with_idea(), model(r"\boxed{1}"), rng=np.random.default_rng(seed))
        assert ruling.passed == (not context.asked)
        assert ruling.notes["review"] == ("bypassed" if ruling.passed else 1.0)
        passed += ruling.passed
    assert abs(passed - 100) < INTERVAL * (400 * 0.25 * 0.75) ** 0.5


def test_a_program_without_an_idea_is_reviewed_only_where_that_is_wanted() -> None:
    program = Proposal(Program({"program.py": "def solve():\n    return 77\n"}), "test", (0,))
    ruling, context = judge(Reviewer(), program, model(r"\boxed{1}"))
    assert ruling.passed
    assert not context.asked
    ruling, context = judge(Reviewer(review_programs=True), program, model(r"\boxed{1}"))
    assert not ruling.passed
    assert "return 77" in said(context.asked[0])


def test_the_problem_may_have_a_review_template_of_its_own() -> None:
    facts = replace(make_facts(), prompts={"review.j2": "You review {{ idea }} for {{ problem.name }}."})
    _, context = judge(Reviewer(), with_idea(), model(), problem=facts)
    assert said(context.asked[0]) == "You review Add one. for made_up."
    broken = replace(facts, prompts={"review.j2": "{{ nonsense }}"})
    with pytest.raises(ProblemError, match=r"prompts/review\.j2: 'nonsense' is undefined"):
        judge(Reviewer(), with_idea(), model(), problem=broken)


def test_what_a_gate_notes_joins_the_proposal_whether_it_passes_or_not() -> None:
    class Noting(Gate):
        async def judge(self, proposal: Proposal, parents: Sequence[Trial], context: Any) -> Ruling:
            good = proposal.operator == "good"
            return Ruling.accept({"seen": 1}) if good else Ruling.reject("bad", {"seen": 2})

    class Two(Mutator):
        async def propose(self, parents: Sequence[Trial], context: Any) -> Sequence[Proposal]:
            return [Proposal(make_trial(0).program, name, notes={"own": name}) for name in ("good", "bad")]

    state: Any = SimpleNamespace(trial=None)
    switchboard: Any = SimpleNamespace(desk=lambda step: SimpleNamespace(calls=0, models={}))
    parts: Any = SimpleNamespace(mutator=Two(), gates=[Noting()])
    accepted, refused = asyncio.run(Proposer(state, parts, make_facts(), 1, switchboard).propose(0, Propose(())))
    assert [dict(p.notes) for p in accepted] == [{"own": "good", "seen": 1}]
    assert [(dict(p.notes), p.refusal, p.program) for p in refused] == [({"own": "bad", "seen": 2}, "bad", None)]


# --- the operator ---------------------------------------------------------------------------------------------------


class TestIdeaFirstContract(MutatorContract):
    def make(self) -> Mutator:
        return IdeaFirst(gate=Reviewer(without_models="pass"))

    def facts(self) -> ProblemFacts:
        return replace(make_facts(), models={"made:up": Capabilities()})

    def test_it_changes_some_program(self) -> None:
        """Without a model there is nothing to change; the tests below have one."""


def test_an_accepted_idea_is_carried_out_and_stays_on_the_proposal_with_its_score() -> None:
    made, context = propose(IdeaFirst(gate=Reviewer(share_unreviewed=0.0)), model())
    assert made.program is not None
    assert "return 1" in made.program.text
    assert made.operator == "llm_diff"
    assert (made.notes["idea"], made.notes["review"]) == ("Add one to the number.", 7.5)
    idea, review, code = map(said, context.asked)
    assert "SEARCH" not in idea
    assert "Add one to the number." in review
    assert "# The idea to carry out\n\nAdd one to the number." in code


def test_a_rejected_idea_costs_no_code_and_is_noted_with_its_score() -> None:
    made, context = propose(IdeaFirst(gate=Reviewer(share_unreviewed=0.0)), model(r"\boxed{3}"))
    assert made.program is None
    assert made.refusal == "the review gives it 3 of 10; 5.5 are needed"
    assert dict(made.notes) == {"idea": "Add one to the number.", "review": 3.0}
    assert (len(context.asked), made.model, made.parents) == (2, "made:up", (0,))


def test_an_answer_without_an_idea_is_asked_for_once_more_and_then_refused() -> None:
    made, context = propose(IdeaFirst(), model(idea="I have none."))
    assert (made.refusal, len(context.asked)) == ("the answer holds no idea", 2)
    assert "write one inside <idea></idea>" in said(context.asked[1])


def test_a_fault_after_the_idea_keeps_the_idea_and_the_review() -> None:
    def reply(request: Request) -> str | ModelError:
        return model()(request) if asks_for_idea(request) else ModelError(Fault.STOPPED, "no money left")

    made, _ = propose(IdeaFirst(gate=Reviewer(share_unreviewed=0.0)), reply)
    assert made.refusal == "no review: given up: no money left"
    assert dict(made.notes) == {"idea": "Add one to the number.", "review": "failed"}


def test_it_asks_at_most_as_often_as_it_says() -> None:
    mutator = IdeaFirst(tries=2, mutator=LlmDiff(tries=3), gate=Reviewer(share_unreviewed=0.0))
    answers = iter(["none yet", IDEA, r"\boxed{9}", "no code", "no code", "no code"])
    made, context = propose(mutator, lambda request: next(answers))
    assert made.program is None
    assert len(context.asked) == mutator.most_requests() == 6


def test_the_code_is_asked_for_as_things_stood_when_the_proposal_was_decided() -> None:
    mutator = IdeaFirst()
    trials = {0: make_trial(0, 1.0)}

    def reply(request: Request) -> str:
        if asks_for_idea(request):
            trials[7] = make_trial(7, 99.0)
            mutator.observe(make_trial(8, None), [])
        return model()(request)

    context = MemoryContext(trials, reply=reply)
    asyncio.run(mutator.propose([trials[0]], context))
    code = said(context.asked[-1])
    assert "99" not in code
    assert "without success" not in code


def test_a_configuration_names_operator_and_gate() -> None:
    table = {"use": "idea", "mutator": "llm_rewrite", "gate": {"use": "reviewer", "threshold": 7.0}}
    made = Registry().build("mutator", table)
    assert isinstance(made, IdeaFirst)
    assert made.gate == Reviewer(threshold=7.0)
    assert Registry().build("mutator", {"use": "idea"}) == IdeaFirst(mutator=LlmDiff(), gate=None)


# --- what a gate is worth ------------------------------------------------------------------------------------------


@dataclass
class KnownGate(Gate):
    """Lets good ideas pass with one probability and bad ones with another: AUC = (1 + hits − alarms) / 2."""

    hits: float
    alarms: float

    async def judge(self, proposal: Proposal, parents: Sequence[Trial], context: Any) -> Ruling:
        chance = self.hits if proposal.notes["idea"] == GOOD else self.alarms
        return Ruling.accept() if context.rng.random() < chance else Ruling.reject("not convincing")


class Writer(Mutator):
    """Carries an idea out without a model."""

    async def propose(self, parents: Sequence[Trial], context: Any) -> Sequence[Proposal]:
        return [Proposal(Program({"program.py": f"# {idea_in(context)}\n"}), "writer", (parents[0].number,))]


PRIOR, EVALUATIONS, SEARCHES = 0.3, 12, 200


def search(gate: Gate | None, seed: int) -> float:
    """Climb: a good idea gains one point, a bad one nothing; return the score after so many evaluations."""
    ideas = random.Random(seed)
    context = MemoryContext(
        rng=np.random.default_rng(seed),
        reply=lambda request: f"<idea>{GOOD if ideas.random() < PRIOR else BAD}</idea>",
    )
    mutator, parent = IdeaFirst(mutator=Writer(), gate=gate), make_trial(0, 0.0)

    async def climb() -> float:
        score, evaluations = 0.0, 0
        while evaluations < EVALUATIONS:
            (made,) = await mutator.propose([parent], context)
            if made.program is not None:
                evaluations += 1
                score += made.notes["idea"] == GOOD
        return score

    return asyncio.run(climb())


def interval(values: Sequence[float]) -> tuple[float, float]:
    margin = INTERVAL * stdev(values) / len(values) ** 0.5
    return fmean(values) - margin, fmean(values) + margin


def test_at_equal_evaluations_a_gate_helps_exactly_when_it_tells_good_from_bad() -> None:
    ungated = [search(None, seed) for seed in range(SEARCHES)]
    gated = {
        auc: [search(KnownGate(auc, 1.0 - auc), 1000 + seed) for seed in range(SEARCHES)] for auc in (0.8, 0.5, 0.3)
    }
    for auc, scores in gated.items():
        good = PRIOR * auc / (PRIOR * auc + (1.0 - PRIOR) * (1.0 - auc))
        low, high = interval(scores)
        assert low < EVALUATIONS * good < high
    assert interval(gated[0.8])[0] > interval(ungated)[1]
    assert interval(gated[0.3])[1] < interval(ungated)[0]
    low, high = interval([one - other for one, other in zip(gated[0.5], ungated, strict=True)])
    assert low < 0.0 < high
