"""A draft, a critique, the draft once more: what is asked, what is kept, and when it pays."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import pytest

from evolve import Mutator, Outcome, Proposal, Trial
from evolve.messages import Answer, Capabilities, Choice, Fault, ModelError, Request, TokenLogprob
from evolve.testing import MemoryContext, MutatorContract, make_facts, make_trial
from evolve.testing.servers import Conversation, Critic, Message
from evolve.trial import Scored
from evolve_plugins.mutators.ast_edit import AstEdit
from evolve_plugins.mutators.llm.best_of_n import BestOfN
from evolve_plugins.mutators.llm.critique_refine import CritiqueRefine
from evolve_plugins.mutators.llm.from_scratch import LlmFromScratch
from evolve_plugins.mutators.llm.idea import IdeaFirst
from evolve_plugins.mutators.llm.rewrite import LlmRewrite

INTERVAL = NormalDist().inv_cdf(0.9995)
MEND = "<critique>It returns the wrong number.</critique>\n<verdict>mend</verdict>"
KEEP = "<critique>Nothing is wrong.</critique> <verdict>Keep</verdict>"
JUDGED = Scored("only", "full", Outcome.ok(1.0, feedback="The number is too small."))
PARENT = Trial(0, make_trial(0).program, score=1.0, fitness=1.0, outcomes=(JUDGED,))


def code(number: int) -> str:
    return f"```python program.py\ndef solve():\n    return {number}\n```"


def refining(**settings: Any) -> CritiqueRefine:
    return CritiqueRefine(**{"mutator": LlmRewrite(tries=1), "control": 0.0, **settings})


def propose(mutator: Mutator, reply: Any, seed: int = 1, **rest: Any) -> tuple[Proposal, MemoryContext]:
    context = MemoryContext({0: PARENT}, reply=reply, rng=np.random.default_rng(seed), **rest)
    (made,) = asyncio.run(mutator.propose([PARENT], context))
    return made, context


def scripted(*answers: Any) -> Callable[[Request], Any]:
    following = iter(answers)
    return lambda request: next(following, "")


def returned(proposal: Proposal) -> int:
    assert proposal.program is not None
    return int(proposal.program.text.rpartition("return ")[2])


class TestCritiqueRefineContract(MutatorContract):
    def make(self) -> Mutator:
        return CritiqueRefine(mutator=AstEdit())


# --- what is asked ----------------------------------------------------------------------------------------------------


def test_a_draft_is_criticised_and_written_once_more_in_the_same_conversation() -> None:
    made, context = propose(refining(), scripted(code(1), MEND, code(2)))
    assert returned(made) == 2
    assert (made.operator, made.parents) == ("llm_rewrite", (0,))
    draft, critique, refined = context.asked
    assert len(critique.messages) == 1
    assert "return 1" in critique.messages[0].text
    assert [message.role for message in refined.messages] == ["user", "assistant", "user"]
    assert refined.messages[:1] == draft.messages
    assert refined.messages[1].text == code(1)
    assert "It returns the wrong number." in refined.messages[2].text
    told = {"verdict": "mend", "critique": "It returns the wrong number.", "refined": "rewrite"}
    assert made.notes["critique_refine"] == {"ground": "evaluator", "rounds": [told]}


@pytest.mark.parametrize("ground", ["evaluator", "self"])
def test_only_a_grounded_critique_is_shown_what_the_judge_said(ground: Literal["evaluator", "self"]) -> None:
    _, context = propose(refining(ground=ground), scripted(code(1), KEEP))
    critique = context.asked[1].messages[0].text
    for told in ("The number is too small.", "score 1.0", "Best score of this search"):
        assert (told in critique) == (ground == "evaluator")


def test_a_draft_that_needs_no_change_is_kept_without_a_further_request() -> None:
    made, context = propose(refining(rounds=3), scripted(code(1), KEEP))
    assert (returned(made), len(context.asked)) == (1, 2)
    assert made.notes["critique_refine"]["rounds"] == [{"verdict": "keep", "critique": "Nothing is wrong."}]


def test_further_rounds_criticise_what_the_last_one_wrote() -> None:
    mutator = refining(rounds=2)
    made, context = propose(mutator, scripted(code(1), MEND, code(2), MEND, code(3)))
    assert returned(made) == 3
    assert len(context.asked) == mutator.most_requests() == 5
    assert "return 2" in context.asked[3].messages[0].text
    assert [message.text for message in context.asked[4].messages if message.role == "assistant"] == [code(1), code(2)]


@pytest.mark.parametrize(
    ("answers", "noted"),
    [
        ((MEND, "no code"), {"refined": "no_block"}),
        ((MEND, ModelError(Fault.SERVER, "503")), {"fault": "server error: 503"}),
        ((ModelError(Fault.SERVER, "503"),), {"fault": "server error: 503"}),
    ],
)
def test_what_cannot_be_used_leaves_the_draft_as_it_is(answers: tuple[Any, ...], noted: dict[str, str]) -> None:
    made, _ = propose(refining(), scripted(code(1), *answers))
    assert returned(made) == 1
    assert noted.items() <= made.notes["critique_refine"]["rounds"][-1].items()


def test_a_draft_that_cannot_be_used_or_that_no_model_wrote_is_handed_on() -> None:
    made, context = propose(refining(), scripted("no code"))
    assert (made.program, len(context.asked)) == (None, 1)
    assert made.notes["wrapped"] == {"by": "critique_refine", "control": False}
    parent = make_trial(0, text="def solve():\n    return 1 + 2\n")
    context = MemoryContext({0: parent}, reply=scripted())
    (made,) = asyncio.run(refining(mutator=AstEdit()).propose([parent], context))
    assert (made.program is not None, context.asked) == (True, [])


def test_a_control_arm_bypasses_it() -> None:
    made, context = propose(refining(control=1.0), scripted(code(1)))
    assert (returned(made), len(context.asked)) == (1, 1)
    assert made.notes["wrapped"] == {"by": "critique_refine", "control": True}


def test_a_fresh_start_is_refined_against_the_frame_that_it_was_written_in() -> None:
    mutator = refining(mutator=LlmFromScratch())
    assert mutator.purposes == {"improve", "restart"}
    context = MemoryContext({0: PARENT}, reply=scripted(code(1), MEND, code(2)), purpose="restart")
    (made,) = asyncio.run(mutator.propose([], context))
    assert (returned(made), made.parents) == (2, ())


# --- composed ---------------------------------------------------------------------------------------------------------


def sure(number: int, logprob: float) -> Answer:
    return Answer((Choice(code(number), logprobs=(TokenLogprob("x", logprob, (logprob,)),)),), 1, 1, model="made:up")


def test_around_best_of_n_it_goes_on_with_the_draft_that_was_chosen() -> None:
    inner = BestOfN(mutator=LlmRewrite(), n=3, control=0.0, score="mean_logprob")
    reply = scripted(sure(1, -2.0), sure(2, -0.1), sure(3, -1.0), MEND, code(4))
    made, context = propose(refining(mutator=inner), reply, capabilities=Capabilities("top_k", 20))
    assert returned(made) == 4
    assert context.asked[-1].messages[1].text == code(2)
    assert made.notes["wrapped"]["inside"] == {"by": "best_of_n", "control": False}


def test_inside_best_of_n_a_draft_is_scored_by_the_answer_that_wrote_it() -> None:
    def reply(request: Request) -> Answer | str:
        said = request.messages[-1].text
        if "Criticise this draft" in said:
            return MEND
        return "no code" if "A critic has read" in said else sure(next(drafts), -0.5)

    drafts = iter([1, 2])
    outer = BestOfN(mutator=refining(), n=2, control=0.0, score="sequence_logprob")
    made, context = propose(outer, reply, capabilities=Capabilities("top_k", 20))
    assert (returned(made), made.notes["best_of_n"]["score"]) == (1, -0.5)
    assert len(context.asked) == outer.most_requests() == 6


def test_around_an_idea_the_code_is_refined() -> None:
    mutator = refining(mutator=IdeaFirst(mutator=LlmRewrite()))
    made, _ = propose(mutator, scripted("<idea>More.</idea>", code(1), MEND, code(2)))
    assert (returned(made), made.notes["idea"]) == (2, "More.")


# --- what it is worth -------------------------------------------------------------------------------------------------

RIGHT, WRONG, WORSE = 1, 2, 3


def double(seed: int, s: float, grounded: float, ungrounded: float, fixes: float, breaks: float) -> Any:
    """A model that drafts right with s, and judges right with one accuracy if it is told of scores, else another."""
    drawn = random.Random(seed)
    critics = {
        told: Critic(lambda text: f"return {RIGHT}" in text, accuracy, accuracy, seed)
        for told, accuracy in ((True, grounded), (False, ungrounded))
    }

    def reply(request: Request) -> str:
        said = request.messages[-1].text
        if "Criticise this draft" in said:
            critic = critics["The number is too small." in said]
            verdict = critic.answer(Conversation((Message("user", said),))).text
            return KEEP if verdict == "YES" else MEND
        if "A critic has read" in said:
            right = f"return {RIGHT}" in request.messages[1].text
            if right:
                return code(WORSE if drawn.random() < breaks else RIGHT)
            return code(RIGHT if drawn.random() < fixes else WORSE)
        return code(RIGHT if drawn.random() < s else WRONG)

    return reply


def share_right(mutator: Mutator, reply: Any, count: int) -> float:
    async def ask() -> int:
        context = MemoryContext({0: PARENT}, reply=reply)
        made: list[Sequence[Proposal]] = [await mutator.propose([PARENT], context) for _ in range(count)]
        return sum(returned(proposal) == RIGHT for (proposal,) in made)

    return asyncio.run(ask()) / count


@pytest.mark.parametrize(
    ("ground", "c"),
    [("evaluator", 0.9), ("self", 0.5)],
)
def test_the_gain_is_that_of_the_closed_form_and_an_ungrounded_critique_loses(
    ground: Literal["evaluator", "self"], c: float
) -> None:
    s, fixes, breaks, count = 0.6, 0.6, 0.8, 1000
    gain = c * fixes * (1.0 - s) - (1.0 - c) * breaks * s
    assert (gain > 0.1) if ground == "evaluator" else (gain < -0.1)
    reply = double(7, s, 0.9, 0.5, fixes, breaks)
    measured = share_right(refining(ground=ground), reply, count)
    expected = s + gain
    assert abs(measured - expected) < INTERVAL * (expected * (1.0 - expected) / count) ** 0.5
    draft = share_right(refining(control=1.0), double(8, s, 0.9, 0.5, fixes, breaks), count)
    assert (measured > draft) == (ground == "evaluator")


def test_it_is_fit_where_the_operator_inside_is() -> None:
    assert refining().unfit(make_facts()) == "llm_rewrite needs a model; name one: --model openai:NAME"
