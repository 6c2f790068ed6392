"""Best of n drafts: scores, votes, turns, and what they choose."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolve import Mutator, Proposal
from evolve.messages import Answer, Capabilities, Choice, Fault, ModelError, Request, TokenLogprob
from evolve.registry import Registry
from evolve.testing import MemoryContext, MutatorContract, make_facts, make_trial
from evolve.testing.servers import Behaviour, Categorical, Conversation, Faults, OpenAIServer, Reply, without_logprobs
from evolve.testing.servers import TokenLogprob as ServerToken
from evolve_plugins.gates.reviewer import Reviewer
from evolve_plugins.models.openai import OpenAI
from evolve_plugins.mutators.ast_edit import AstEdit
from evolve_plugins.mutators.llm.best_of_n import BestOfN
from evolve_plugins.mutators.llm.certainty import borda, mean_logprob, self_certainty
from evolve_plugins.mutators.llm.idea import IdeaFirst
from evolve_plugins.mutators.llm.rewrite import LlmRewrite

INTERVAL = NormalDist().inv_cdf(0.9995)
TOP = Capabilities(logprobs="top_k", top_k=20)
PARENT = make_trial(0, 1.0)


def code(number: int, remark: str = "") -> str:
    return f"draft{number}\n```python program.py\n{remark}def solve():\n    return {number}\n```"


def answer(number: int, logprob: float = 0.0, remark: str = "", logprobs: bool = True) -> Answer:
    """A rewrite in one certain token; the others are as improbable as the certainty of it leaves them."""
    rest = (1.0 - math.exp(logprob)) / 19
    token = TokenLogprob("x", logprob, (logprob, *[math.log(rest)] * 19)) if rest else TokenLogprob("x", 0.0, (0.0,))
    return Answer((Choice(code(number, remark), logprobs=(token,) if logprobs else ()),), 10, 10, model="made:up")


def scripted(*answers: Answer | ModelError) -> Callable[[Request], Answer | ModelError]:
    following = iter(answers)
    return lambda request: next(following)


def propose(mutator: Mutator, reply: Any, seed: int = 1, **rest: Any) -> tuple[Sequence[Proposal], MemoryContext]:
    rest = {"capabilities": TOP, **rest}
    context = MemoryContext({0: PARENT}, reply=reply, rng=np.random.default_rng(seed), **rest)
    return asyncio.run(mutator.propose([PARENT], context)), context


def best_of(n: int, **settings: Any) -> BestOfN:
    return BestOfN(**{"mutator": LlmRewrite(), "control": 0.0, "n": n, **settings})


def returned(proposal: Proposal) -> int:
    assert proposal.program is not None
    return int(proposal.program.text.rpartition("return ")[2])


# --- scores and votes ----------------------------------------------------------------------------------------------


@given(st.lists(st.floats(1e-6, 1.0), min_size=2, max_size=60), st.integers(1, 60))
def test_the_bound_is_at_most_the_exact_self_certainty(weights: list[float], k: int) -> None:
    p = np.sort(np.array(weights) / sum(weights))[::-1]
    exact = float(-np.mean(np.log(len(p) * p)))
    top = tuple(map(float, np.log(p[:k])))
    assert self_certainty([TokenLogprob("x", top[0], top)], len(p)) <= exact + 1e-9


@given(st.integers(1, 30), st.floats(0.05, 0.95), st.integers(31, 200))
def test_the_bound_is_exact_where_the_rest_is_spread_evenly(k: int, mass: float, vocabulary: int) -> None:
    p = np.array([mass / k] * k + [(1.0 - mass) / (vocabulary - k)] * (vocabulary - k))
    exact = float(-np.mean(np.log(vocabulary * p)))
    top = tuple(map(float, np.log(p[:k])))
    assert self_certainty([TokenLogprob("x", top[0], top)], vocabulary) == pytest.approx(exact, abs=1e-9)


def test_unknown_probabilities_score_lowest() -> None:
    assert self_certainty([], 100) == mean_logprob([], 100) == -math.inf
    assert self_certainty([TokenLogprob("x", -1.0)], 100) == -math.inf


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(-5, 5)), min_size=1, max_size=12))
def test_with_a_power_of_zero_the_votes_are_the_counts_to_the_bit(drafts: list[tuple[str, float]]) -> None:
    keys, scores = zip(*drafts, strict=True)
    votes, counts = borda(keys, scores, 0.0), Counter(keys)
    assert votes == counts
    assert max(votes, key=lambda key: votes[key]) == counts.most_common(1)[0][0]


def test_votes_are_the_ranks_to_the_power() -> None:
    assert borda("abca", (0.1, 0.9, 0.2, 0.8), 1.0) == {"a": 4.0, "b": 4.0, "c": 2.0}
    assert borda("ab", (0.5, 0.5), 2.0) == {"a": 4.0, "b": 1.0}


# --- what it chooses ------------------------------------------------------------------------------------------------


class TestBestOfNContract(MutatorContract):
    def make(self) -> Mutator:
        return BestOfN(mutator=AstEdit(), n=3, score="none")


@pytest.mark.parametrize("score", ["self_certainty", "mean_logprob", "sequence_logprob"])
def test_it_keeps_the_draft_that_the_model_is_most_certain_of(score: str) -> None:
    made, context = propose(best_of(3, score=score), scripted(answer(1, -2.0), answer(2, -0.1), answer(3, -1.0)))
    assert [returned(proposal) for proposal in made] == [2]
    notes = made[0].notes["best_of_n"]
    assert (notes["by"], notes["usable"], notes["classes"]) == (score, 3, 3)
    assert {request.top_logprobs for request in context.asked} == {20 if score == "self_certainty" else 1}


def test_it_keeps_several_of_different_classes_best_first() -> None:
    reply = scripted(answer(1, -0.1), answer(1, -0.2, "# a remark\n"), answer(2, -2.0), answer(3, -1.0))
    made, _ = propose(best_of(4, keep=2), reply)
    assert [returned(proposal) for proposal in made] == [1, 3]


def test_sources_that_differ_in_remarks_are_one_class_and_texts_are_two() -> None:
    drafts = (answer(2), answer(1), answer(1, remark="# a remark\n"))
    for cluster, chosen, classes in (("source", 1, 2), ("text", 2, 3)):
        ((made,), _) = propose(best_of(3, score="none", cluster=cluster), scripted(*drafts))
        assert (returned(made), made.notes["best_of_n"]["classes"]) == (chosen, classes)
        assert made.notes["best_of_n"]["by"] == "majority"


def test_a_power_of_zero_proposes_what_the_majority_proposes_to_the_bit() -> None:
    for seed in range(40):
        drawn = random.Random(seed)
        drafts = [answer(1 + drawn.randrange(3), -drawn.random()) for _ in range(6)]
        ((voted,), _) = propose(best_of(6, vote="borda", p=0.0, cluster="text"), scripted(*drafts))
        ((counted,), _) = propose(best_of(6, score="none", cluster="text"), scripted(*drafts))
        assert voted.program == counted.program


def test_drafts_that_cannot_be_used_do_not_count_and_when_none_can_there_is_one_refusal() -> None:
    bad, fault, inner = Answer((Choice("no code"),), 1, 1), ModelError(Fault.SERVER, "503"), LlmRewrite(tries=1)
    ((made,), _) = propose(best_of(3, mutator=inner), scripted(bad, answer(5, -3.0), fault))
    assert (returned(made), made.notes["best_of_n"]["usable"]) == (5, 1)
    ((made,), _) = propose(best_of(3, mutator=inner), scripted(bad, fault, bad))
    assert made.program is None
    assert made.refusal.startswith("no_block: ")
    assert made.refusal.endswith("; server error: 503")


def test_log_probabilities_that_do_not_come_leave_the_choice_to_the_majority() -> None:
    drafts = [answer(number, logprobs=False) for number in (1, 2, 2)]
    ((made,), _) = propose(best_of(3), scripted(*drafts))
    assert (returned(made), made.notes["best_of_n"]["by"]) == (2, "majority")
    assert "score" not in made.notes["best_of_n"]


def test_a_model_that_reports_too_little_is_refused_at_the_start_or_makes_it_a_majority() -> None:
    sampled = {"weak": Capabilities(logprobs="sampled"), "strong": TOP}
    facts = replace(make_facts(), models=sampled)
    assert best_of(2).unfit(facts).startswith("best_of_n needs alternatives per token, which weak does not report")
    assert best_of(2, score="mean_logprob").unfit(facts) == best_of(2, score="none").unfit(facts) == ""
    mute = replace(make_facts(), models={"mute": Capabilities()})
    assert "log probabilities" in best_of(2, score="mean_logprob").unfit(mute)
    fallback = best_of(3, on_missing="majority")
    assert fallback.unfit(mute) == ""
    drafts = [answer(number, logprobs=False) for number in (1, 2, 2)]
    ((made,), context) = propose(fallback, scripted(*drafts), capabilities=Capabilities())
    assert (returned(made), made.notes["best_of_n"]["by"]) == (2, "majority")
    assert {request.top_logprobs for request in context.asked} == {0}


def test_a_configuration_that_keeps_more_than_it_draws_is_refused() -> None:
    with pytest.raises(ValueError, match="keep = 3 is more than n = 2"):
        BestOfN(n=2, keep=3)
    made = Registry().build("mutator", {"use": "best_of_n", "mutator": {"use": "critique_refine"}, "n": 3})
    assert made.most_requests() == 3 * (2 + 2)


def test_a_control_arm_bypasses_it_and_both_are_marked() -> None:
    bypassed = 0
    for seed in range(300):
        ((made,), context) = propose(best_of(2, control=0.3), lambda request: answer(1), seed)
        assert made.notes["wrapped"] == {"by": "best_of_n", "control": len(context.asked) == 1}
        bypassed += made.notes["wrapped"]["control"]
    assert abs(bypassed - 90) < INTERVAL * (300 * 0.3 * 0.7) ** 0.5


def test_the_mark_of_an_inner_wrapper_stands_inside_that_of_the_outer_one() -> None:
    nested = best_of(2, mutator=best_of(2))
    ((made,), context) = propose(nested, lambda request: answer(1))
    inside = {"by": "best_of_n", "control": False}
    assert made.notes["wrapped"] == {**inside, "inside": inside}
    assert len(context.asked) == nested.mutator.n * nested.n == 4


# --- turns ------------------------------------------------------------------------------------------------------------


@dataclass
class Slow(MemoryContext):
    """Answers after a random while, and notes who asked in which order."""

    delays: random.Random = field(default_factory=random.Random)

    async def ask(self, request: Request, model: str = "") -> Answer:
        said = await super().ask(request, model)
        for _ in range(self.delays.randrange(12)):
            await asyncio.sleep(0)
        return said


STUBBORN = LlmRewrite(tries=4)


@pytest.mark.parametrize(
    ("inner", "drafts"),
    [
        (STUBBORN, 3),
        (best_of(2, mutator=STUBBORN), 6),
        (IdeaFirst(mutator=STUBBORN, gate=Reviewer(share_unreviewed=0.5)), 6),
    ],
    ids=["plain", "nested", "with ideas"],
)
def test_requests_leave_in_an_order_that_does_not_depend_on_who_is_answered_first(inner: Mutator, drafts: int) -> None:
    mutator = best_of(3, mutator=inner)

    def reply(request: Request) -> Answer:
        tried, said = len(request.messages) // 2, request.messages[0].text
        if "You review" in said or "Do not write code yet" in said:
            return Answer((Choice(r"<idea>more</idea> \boxed{9}"),), 1, 1)
        return answer(1) if (request.seed or 0) % 4 <= tried else Answer((Choice(f"nothing {tried}"),), 1, 1)

    orders = set()
    for delays in range(30):
        able = replace(TOP, seed=True)
        context = Slow({0: PARENT}, reply=reply, capabilities=able, delays=random.Random(delays))
        asyncio.run(mutator.propose([PARENT], context))
        orders.add(tuple((request.seed, len(request.messages)) for request in context.asked))
    (order,) = orders
    seeds = {seed for seed, _ in order if seed is not None}
    assert len(order) > len(seeds) == drafts


def test_all_drafts_see_the_state_as_it_was_when_the_proposal_was_decided() -> None:
    mutator, trials = best_of(2), {0: PARENT}
    context = MemoryContext(trials, reply=lambda request: answer(1), capabilities=TOP)

    async def decide_then_commit() -> None:
        proposing = asyncio.create_task(mutator.propose([PARENT], context))
        await asyncio.sleep(0)
        trials[7] = make_trial(7, 99.0)
        mutator.observe(make_trial(8, None), [])
        await proposing

    asyncio.run(decide_then_commit())
    assert len(context.asked) == 2
    for request in context.asked:
        assert "99" not in request.messages[0].text
        assert "without success" not in request.messages[0].text


# --- what it is worth -------------------------------------------------------------------------------------------------

QUESTIONS, DRAFTS, TOKENS, VOCABULARY, RIGHT = 400, 8, 5, 300, 0.32


def accuracy(informative: bool) -> Mapping[str, float]:
    """Return the share of right choices by rule; right answers come from sharper distributions when informative."""
    rng = np.random.default_rng(5)
    shape = (QUESTIONS, DRAFTS)
    right = rng.random(shape) < RIGHT
    keys = np.where(right, 0, rng.choice([1, 2, 3, 4], shape, p=[0.52, 0.22, 0.16, 0.1]))
    sharp = np.where(right & informative, 2.6, 2.2) + rng.normal(0.0, 0.35, shape)
    logits = rng.normal(size=(*shape, TOKENS, VOCABULARY)) * sharp[..., None, None]
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    exact = -(logs + math.log(VOCABULARY)).mean(axis=(-1, -2))
    drawn = np.argmax(logs + rng.gumbel(size=logs.shape), axis=-1)
    own = np.take_along_axis(logs, drawn[..., None], axis=-1)[..., 0]
    top = -np.sort(-logs, axis=-1)[..., :20]
    won: Counter[str] = Counter()
    for q in range(QUESTIONS):
        tokens = [
            [TokenLogprob("x", float(own[q, d, t]), tuple(top[q, d, t].tolist())) for t in range(TOKENS)]
            for d in range(DRAFTS)
        ]
        bound = [self_certainty(each, VOCABULARY) for each in tokens]
        assert all(b <= e + 1e-9 for b, e in zip(bound, exact[q], strict=True))
        scores = {"exact": list(exact[q]), "bound": bound, "logprob": [mean_logprob(t, VOCABULARY) for t in tokens]}
        names = [str(key) for key in keys[q]]
        won["first"] += names[0] == "0"
        for rule, values in scores.items():
            won[rule] += names[int(np.argmax(values))] == "0"
        for rule, power in (("majority", 0.0), ("borda", 1.2)):
            votes = borda(names, bound, power)
            won[rule] += max(votes, key=lambda key: votes[key]) == "0"
    return {rule: count / QUESTIONS for rule, count in won.items()}


def test_certainty_beats_the_majority_where_it_tells_something_and_does_no_harm_where_it_does_not() -> None:
    noise = INTERVAL * (2 * RIGHT * (1 - RIGHT) / QUESTIONS) ** 0.5
    told = accuracy(informative=True)
    assert told["bound"] > told["majority"] + noise
    assert told["exact"] > told["majority"] + noise
    assert abs(told["exact"] - told["bound"]) < noise
    assert told["borda"] > told["majority"]
    mute = accuracy(informative=False)
    assert all(abs(mute[rule] - mute["first"]) < noise for rule in ("exact", "bound", "logprob"))


# --- end to end -------------------------------------------------------------------------------------------------------


@dataclass
class Live(MemoryContext):
    """Asks a real client."""

    client: OpenAI = field(default_factory=lambda: OpenAI("made-up"))

    @property
    def models(self) -> Mapping[str, Capabilities]:
        return {"made:up": self.client.capabilities()}

    async def ask(self, request: Request, model: str = "") -> Answer:
        self.asked.append(request)
        said = await self.client.answer(replace(request, max_tokens=200, temperature=1.0))
        return replace(said, model="made:up")


def over_loopback(behaviour: Behaviour, mutator: BestOfN, proposals: int, **server: Any) -> list[Proposal]:
    async def ask() -> list[Proposal]:
        made: list[Proposal] = []
        async with OpenAIServer(behaviour, **server) as served:
            client = OpenAI("made-up", base_url=served.url)
            await client.start()
            for seed in range(proposals):
                context = Live({0: PARENT}, rng=np.random.default_rng(seed), client=client)
                made += await mutator.propose([PARENT], context)
            await client.close()
        return made

    return asyncio.run(ask())


def inside(share: float, expected: float, count: int) -> bool:
    return abs(share - expected) <= INTERVAL * (expected * (1.0 - expected) / count) ** 0.5


def test_over_the_wire_the_likeliest_draft_is_right_as_often_as_its_closed_form_says() -> None:
    shares, n, count = {1: 0.4, 2: 0.2, 3: 0.2, 4: 0.2}, 4, 100
    policy = Categorical([code(number) for number in shares], list(shares.values()))
    most_frequent_is_right = sum(
        math.prod(shares[number] for number in drawn)
        for drawn in itertools.product(shares, repeat=n)
        if Counter(drawn).most_common(1)[0][0] == 1
    )
    for score, expected in (("sequence_logprob", 1.0 - (1.0 - shares[1]) ** n), ("none", most_frequent_is_right)):
        made = over_loopback(policy, best_of(n, score=score), count)
        assert inside(sum(returned(proposal) == 1 for proposal in made) / count, expected, count)
        if score != "none":
            assert all(
                proposal.notes["best_of_n"]["score"] == pytest.approx(math.log(shares[returned(proposal)]))
                for proposal in made
            )


@dataclass(frozen=True)
class Sure(Behaviour):
    """Is right less often than wrong, and sure of itself only then."""

    right: float

    def answer(self, conversation: Conversation) -> Reply:
        right = random.Random(conversation.seed).random() < self.right
        first, _, rest = code(1 if right else 2).partition("\n")
        share = 0.9 if right else 0.3
        top = [(first, math.log(share)), *((f"other{i}", math.log((1.0 - share) / 40)) for i in range(19))]
        return Reply(f"{first}\n{rest}", (ServerToken(first, math.log(share), tuple(top)), ServerToken(f"\n{rest}")))


def test_over_the_wire_certainty_finds_the_right_draft_where_the_majority_is_wrong() -> None:
    right, n, count = 0.3, 6, 60
    drawn = [math.comb(n, k) * right**k * (1.0 - right) ** (n - k) for k in range(n + 1)]
    outvoting = sum(drawn[n // 2 + 1 :]) + drawn[n // 2] / 2  # of two equal classes the first one drawn is taken
    for score, expected in (("self_certainty", 1.0 - drawn[0]), ("none", outvoting)):
        made = over_loopback(Sure(right), best_of(n, score=score, vocabulary=100), count)
        assert inside(sum(returned(proposal) == 1 for proposal in made) / count, expected, count)


def test_over_the_wire_a_server_that_leaves_them_out_makes_it_a_majority() -> None:
    faults = Faults.first(*[without_logprobs()] * 3)
    (made,) = over_loopback(Categorical([code(1)], [1.0]), best_of(3), 1, faults=faults)
    assert made.notes["best_of_n"]["by"] == "majority"
