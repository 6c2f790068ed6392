"""The behaviours of model servers' doubles keep to the probabilities that they tell."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from scipy.stats import binom

from evolve.testing.servers import (
    Behaviour,
    Categorical,
    Continuing,
    Conversation,
    Critic,
    Message,
    OpenAIServer,
    Reply,
    Scorer,
    Steps,
    TokenLogprob,
    pieces,
)

DRAWS = 4000


def replies(behaviour: Behaviour, text: str = "", prefill: str = "", count: int = DRAWS) -> list[Reply]:
    conversation = Conversation((Message("user", text),), prefill=prefill)
    answers = [behaviour.answer(conversation) for _ in range(count)]
    assert all(isinstance(answer, Reply) for answer in answers)
    return [answer for answer in answers if isinstance(answer, Reply)]


def is_likely(hits: int, count: int, probability: float) -> bool:
    """Whether a count lies in the 99.9 % interval of its binomial distribution."""
    low, high = binom.interval(0.999, count, probability)
    return bool(low <= hits <= high)


def test_answers_of_a_server_have_their_frequencies(official: Any) -> None:
    async def use(client: Any) -> Counter[str]:
        seen = await asyncio.gather(*(official.ask(client, n=100) for _ in range(20)))
        return Counter(choice.message.content for answer in seen for choice in answer.raw.choices)

    behaviour = Categorical(["yes", "no", "perhaps"], [0.5, 0.3, 0.2], seed=11)
    counts = official.run(OpenAIServer(behaviour), use)
    assert counts.total() == 2000
    assert all(is_likely(counts[text], 2000, behaviour.probability(text)) for text in behaviour.answers)


def test_answers_are_independent_of_the_ones_before() -> None:
    texts = [reply.text for reply in replies(Categorical(["a", "b"], [0.3, 0.7], seed=2))]
    pairs = Counter(itertools.pairwise(texts))
    assert is_likely(pairs["a", "a"], texts[:-1].count("a"), 0.3)
    assert is_likely(pairs["b", "a"], texts[:-1].count("b"), 0.3)


def test_a_seed_makes_the_same_answers_and_another_seed_others() -> None:
    def texts(seed: int) -> list[str]:
        return [reply.text for reply in replies(Categorical(["a", "b"], [0.5, 0.5], seed), count=50)]

    assert texts(1) == texts(1) != texts(2)


def test_steps_succeed_with_their_closed_form() -> None:
    steps = Steps(count=5, error=0.2, seed=4)
    assert steps.success_probability == pytest.approx(0.32768)
    made = replies(steps)
    assert is_likely(sum(steps.is_right(reply.text) for reply in made), DRAWS, steps.success_probability)
    wrong = Counter(line for reply in made for line in reply.text.split("\n") if line.endswith("wrong"))
    assert all(is_likely(wrong[f"step {number}: wrong"], DRAWS, 0.2) for number in range(1, 6))


def test_steps_tell_the_probability_of_what_they_wrote() -> None:
    for reply in replies(Steps(count=3, error=0.25), count=20):
        expected = math.prod(0.25 if line.endswith("wrong") else 0.75 for line in reply.text.split("\n"))
        assert math.exp(sum(token.logprob for token in reply.logprobs or ())) == pytest.approx(expected)
        assert [token.token for token in reply.logprobs or ()] == pieces(reply.text)


@pytest.mark.parametrize("prefill", ["step 1: right\nstep 2: right", "step 1: right\nstep 2: right\n"])
def test_steps_go_on_after_the_lines_that_are_there(prefill: str) -> None:
    steps = Steps(count=4, error=0.5, seed=1)
    right = sum(steps.is_right(prefill + reply.text) for reply in replies(steps, prefill=prefill))
    assert is_likely(right, DRAWS, 0.5**2)


@pytest.mark.parametrize(("text", "truth"), [("good", True), ("bad", False)])
def test_a_critic_has_its_error_rates(text: str, truth: bool) -> None:
    critic = Critic(lambda message: message == "good", sensitivity=0.9, specificity=0.7, seed=6)
    made = replies(critic, text)
    yes = 0.9 if truth else 0.3
    assert critic.probability_of_yes(text) == pytest.approx(yes)
    assert is_likely(sum(reply.text == "YES" for reply in made), DRAWS, yes)
    told = dict(made[0].logprobs[0].top) if made[0].logprobs else {}
    assert {word: math.exp(logprob) for word, logprob in told.items()} == pytest.approx({"YES": yes, "NO": 1 - yes})
    assert critic.accuracy(0.25) == pytest.approx(0.25 * 0.9 + 0.75 * 0.7)


@pytest.mark.parametrize(("better", "worse", "noise"), [(6.0, 5.0, 1.0), (5.5, 5.0, 2.0), (7.0, 7.0, 0.5)])
def test_a_scorer_ranks_with_its_closed_form(better: float, worse: float, noise: float) -> None:
    scorer = Scorer(float, noise, seed=8)

    def scores(quality: float) -> Sequence[float]:
        return [float(reply.text) for reply in replies(scorer, str(quality))]

    above = sum(one > other for one, other in zip(scores(better), scores(worse), strict=True))
    assert is_likely(above, DRAWS, scorer.auc(better, worse))


def test_a_score_stays_in_its_range_and_without_noise_is_the_truth() -> None:
    assert {reply.text for reply in replies(Scorer(float, 0.0), "7.25", count=3)} == {"7.250000"}
    scores = [float(reply.text) for reply in replies(Scorer(float, 50.0), "5")]
    assert (min(scores), max(scores)) == (0.0, 10.0)
    assert [Scorer(float, 0.0).auc(*pair) for pair in ((2.0, 1.0), (1.0, 1.0), (1.0, 2.0))] == [1.0, 0.5, 0.0]


def test_what_cannot_be_answered_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not begin with the prefill"):
        replies(Continuing(["abc"]), prefill="x")
    with pytest.raises(ValueError, match="only whole lines"):
        replies(Steps(3, 0.1), prefill="step 1: ri")
    with pytest.raises(ValueError, match="sum to 1"):
        Categorical(["a", "b"], [0.5, 0.6])
    with pytest.raises(ValueError, match="one probability for each answer"):
        Categorical(["a", " "], [0.5, 0.5])
    with pytest.raises(ValueError, match="must make up the text"):
        Reply("ab", (TokenLogprob("a"),))


@pytest.mark.parametrize("text", ["", " ", "a", " a b ", "a\n\n b\t", "\n", "ein zwölftel\n✓ "])
def test_pieces_make_up_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text
    assert len(pieces(text)) == max(len(text.split()), int(bool(text)))
