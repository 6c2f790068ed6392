"""What a model server answers: seeded behaviours whose exact probabilities a test can compute."""

from __future__ import annotations

import functools
import itertools
import math
import random
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from evolve.testing.servers.conversation import Conversation, Reply, TokenLogprob, pieces

__all__ = ["Behaviour", "Categorical", "Continuing", "Critic", "Echo", "Scorer", "Scripted", "Steps"]

_STEP = re.compile(r"step \d+: (?:right|wrong)")


class Behaviour(Protocol):
    """Anything that answers. Randomness comes from a seed, so that a test can be run again."""

    def answer(self, conversation: Conversation) -> Reply | Awaitable[Reply]:
        """Return one answer; a request for n answers asks n times, with `sample` from 0 to n − 1."""
        ...


@dataclass(frozen=True)
class Scripted(Behaviour):
    """Answers what a function of the conversation says."""

    function: Callable[[Conversation], str]

    def answer(self, conversation: Conversation) -> Reply:
        return Reply.certain(self.function(conversation))


@dataclass(frozen=True)
class Echo(Behaviour):
    """Answers with the last user message."""

    def answer(self, conversation: Conversation) -> Reply:
        return Reply.certain(conversation.question)


@dataclass(frozen=True)
class Continuing(Behaviour):
    """Answers with the rest of one fixed text after the prefill.

    Args:
        pieces: the text, in pieces that are joined as they are.

    Raises:
        ValueError: when asked, if the text does not begin with the prefill.
    """

    pieces: Sequence[str]

    def answer(self, conversation: Conversation) -> Reply:
        text = "".join(self.pieces)
        if not text.startswith(conversation.prefill):
            raise ValueError(f"the text does not begin with the prefill {conversation.prefill!r}")
        return Reply.certain(text[len(conversation.prefill) :])


@dataclass(frozen=True)
class _Draws:
    """Random streams, one per answer.

    A request with a seed of its own gets the same stream whenever it comes, whatever its limits; the others get the
    next one in order of arrival.
    """

    count: Iterator[int] = field(default_factory=itertools.count)

    def of(self, behaviour: Behaviour, seed: int, conversation: Conversation) -> random.Random:
        asked = conversation
        told = (asked.model, asked.system, asked.messages, asked.prefill)
        which = next(self.count) if asked.seed is None else (asked.seed, asked.sample, told)
        return random.Random(f"{type(behaviour).__name__}/{seed}/{which}")


@dataclass(frozen=True)
class Categorical(Behaviour):
    """Draws each answer independently from a fixed distribution, and reports the true log-probabilities.

    The first word of an answer carries the log of the answer's probability, the other words 0. The alternatives to it
    are the first words of the most probable answers; let answers differ in their first word when you read those.

    Args:
        answers: texts that are not blank.
        probabilities: one for each answer; they sum to 1.
        seed: any whole number.

    Raises:
        ValueError: an answer is blank, or this is no distribution over the answers.
    """

    answers: Sequence[str]
    probabilities: Sequence[float]
    seed: int = 0
    _draws: _Draws = field(default_factory=_Draws, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.answers) != len(self.probabilities) or not all(map(str.strip, self.answers)):
            raise ValueError("give one probability for each answer, and no blank answer")
        if min(self.probabilities, default=-1.0) < 0.0 or abs(sum(self.probabilities) - 1.0) > 1e-9:
            raise ValueError(f"the probabilities {list(self.probabilities)} must be at least 0 and sum to 1")

    def probability(self, answer: str) -> float:
        """Return the probability of an answer."""
        return sum(p for text, p in zip(self.answers, self.probabilities, strict=True) if text == answer)

    def answer(self, conversation: Conversation) -> Reply:
        text = self._draws.of(self, self.seed, conversation).choices(self.answers, self.probabilities)[0]
        first, *others = pieces(text)
        start = TokenLogprob(first, math.log(self.probability(text)), self._first_words)
        return Reply(text, (start, *map(TokenLogprob, others)))

    @functools.cached_property
    def _first_words(self) -> tuple[tuple[str, float], ...]:
        return _alternatives((pieces(answer)[0], self.probability(answer)) for answer in dict.fromkeys(self.answers))


@dataclass(frozen=True)
class Steps(Behaviour):
    """Answers a number of lines, each wrong with the same probability and independently of the others.

    A line is `step 3: right` or `step 3: wrong`. After a prefill of whole lines the others follow.

    Args:
        count: lines of an answer.
        error: probability that a line is wrong, from 0 to 1.
        seed: any whole number.

    Raises:
        ValueError: when asked, if the prefill is not made of such lines.
    """

    count: int
    error: float
    seed: int = 0
    _draws: _Draws = field(default_factory=_Draws, init=False, repr=False, compare=False)

    @property
    def success_probability(self) -> float:
        """Probability that no line is wrong: (1 − error) ** count."""
        return float((1.0 - self.error) ** self.count)

    def is_right(self, text: str) -> bool:
        """Return whether a text, prefill included, has all the lines and none of them wrong."""
        return text.split("\n") == [f"step {number}: right" for number in range(1, self.count + 1)]

    def answer(self, conversation: Conversation) -> Reply:
        lines = conversation.prefill.splitlines()
        if not all(map(_STEP.fullmatch, lines)):
            raise ValueError(f"only whole lines can be continued, not {conversation.prefill!r}")
        rng = self._draws.of(self, self.seed, conversation)
        probability = {" right": 1.0 - self.error, " wrong": self.error}
        top = _alternatives(probability.items())
        tokens: list[TokenLogprob] = []
        for number in range(len(lines) + 1, self.count + 1):
            verdict = " wrong" if rng.random() < self.error else " right"
            start = "\n" if tokens or (lines and not conversation.prefill.endswith("\n")) else ""
            tokens += [TokenLogprob(f"{start}step"), TokenLogprob(f" {number}:")]
            tokens.append(TokenLogprob(verdict, math.log(probability[verdict]), top))
        return Reply("".join(token.token for token in tokens), tuple(tokens))


@dataclass(frozen=True)
class Critic(Behaviour):
    """Answers YES or NO about the last user message, with known error rates.

    Args:
        truth: whether YES is right.
        sensitivity: probability of YES where it is right.
        specificity: probability of NO where YES is wrong.
        seed: any whole number.
    """

    truth: Callable[[str], bool]
    sensitivity: float
    specificity: float
    seed: int = 0
    _draws: _Draws = field(default_factory=_Draws, init=False, repr=False, compare=False)

    def probability_of_yes(self, text: str) -> float:
        """Return the probability of YES about a text."""
        return self.sensitivity if self.truth(text) else 1.0 - self.specificity

    def accuracy(self, prevalence: float) -> float:
        """Return the probability of a right answer.

        Args:
            prevalence: the share of texts about which YES is right, from 0 to 1.
        """
        return prevalence * self.sensitivity + (1.0 - prevalence) * self.specificity

    def answer(self, conversation: Conversation) -> Reply:
        yes = self.probability_of_yes(conversation.question)
        probability = {"YES": yes, "NO": 1.0 - yes}
        text = "YES" if self._draws.of(self, self.seed, conversation).random() < yes else "NO"
        top = _alternatives(probability.items())
        return Reply(text, (TokenLogprob(text, math.log(probability[text]), top),))


@dataclass(frozen=True)
class Scorer(Behaviour):
    """Answers with a number from 0 to 10: the true quality of the last user message plus Gaussian noise.

    A score that leaves the range is set to its end. Its log-probabilities are not reported.

    Args:
        quality: true quality, from 0 to 10.
        noise: standard deviation of the noise, in points of the score, at least 0.
        seed: any whole number.
    """

    quality: Callable[[str], float]
    noise: float
    seed: int = 0
    _draws: _Draws = field(default_factory=_Draws, init=False, repr=False, compare=False)

    def auc(self, better: float, worse: float) -> float:
        """Return the probability that a text scores above another: Φ((better − worse) / (noise · √2)).

        The mean over all pairs of a good and a bad text is the area under the ROC curve of the scores. Scores at the
        ends of the range are ties, which count half: they move it by at most half the probability that both texts
        score 0 or both score 10.

        Args:
            better: true quality of the one, from 0 to 10.
            worse: true quality of the other.

        Reference:
            Hanley, McNeil: The meaning and use of the area under a receiver operating characteristic (ROC) curve,
            Radiology 143 (1982).
        """
        difference = better - worse
        if self.noise == 0.0:
            return 0.5 if difference == 0.0 else float(difference > 0.0)
        return 0.5 * (1.0 + math.erf(difference / (2.0 * self.noise)))

    def answer(self, conversation: Conversation) -> Reply:
        rng = self._draws.of(self, self.seed, conversation)
        score = rng.gauss(self.quality(conversation.question), self.noise)
        return Reply(f"{min(10.0, max(0.0, score)):.6f}")


def _alternatives(probabilities: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Return the possible tokens with their log-probabilities, the most probable first."""
    ranked = sorted(probabilities, key=lambda item: item[1], reverse=True)
    return tuple((token, math.log(probability)) for token, probability in ranked if probability > 0.0)
