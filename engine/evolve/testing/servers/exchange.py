"""A question with its answers, cut to the limits that the question set and damaged as a fault wants."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from evolve.testing.servers.conversation import Conversation, Reply, TokenLogprob, count_tokens, first_tokens, pieces
from evolve.testing.servers.faults import Damage

__all__ = ["Answer", "Exchange"]


@dataclass(frozen=True)
class Answer:
    """A reply within its limits.

    Args:
        text: what is sent.
        finish: "stop" at its natural end or before a stop text, "length" at the token limit.
        stop: the stop text that ended it, or "".
        logprobs: tokens that make up the text, or None when they are not wanted or not known.
    """

    text: str
    finish: Literal["stop", "length"] = "stop"
    stop: str = ""
    logprobs: tuple[TokenLogprob, ...] | None = None

    @classmethod
    def within(cls, reply: Reply, conversation: Conversation) -> Answer:
        """Apply the stop texts and the token limit of a conversation."""
        answer = cls(reply.text, logprobs=None if conversation.top_logprobs is None else reply.logprobs)
        found = [(reply.text.index(stop), stop) for stop in conversation.stop if stop in reply.text]
        if found:
            end, stop = min(found)
            answer = dataclasses.replace(answer._beginning(end), stop=stop)
        limit = conversation.max_tokens
        if limit is not None and count_tokens(answer.text) > limit:
            answer = dataclasses.replace(
                answer._beginning(len(first_tokens(answer.text, limit))), finish="length", stop=""
            )
        return answer

    @property
    def tokens(self) -> int:
        """Its length in tokens."""
        return count_tokens(self.text)

    @property
    def deltas(self) -> tuple[TokenLogprob, ...]:
        """The parts that a stream sends one by one."""
        return tuple(map(TokenLogprob, pieces(self.text))) if self.logprobs is None else self.logprobs

    def damaged(self, damage: Damage) -> Answer:
        """Return what a fault leaves of it."""
        if damage is Damage.TRUNCATED:
            return dataclasses.replace(self._beginning(len(self.text) // 2), finish="length", stop="")
        if damage is Damage.EMPTY:
            return dataclasses.replace(self._beginning(0), finish="stop", stop="")
        return dataclasses.replace(self, logprobs=None) if damage is Damage.NO_LOGPROBS else self

    def _beginning(self, length: int) -> Answer:
        if self.logprobs is None:
            return dataclasses.replace(self, text=self.text[:length])
        kept, at = [], 0
        for token in self.logprobs:
            if at < length:
                kept.append(dataclasses.replace(token, token=token.token[: length - at]))
            at += len(token.token)
        return dataclasses.replace(self, text=self.text[:length], logprobs=tuple(kept))


@dataclass(frozen=True)
class Exchange:
    """A question with its answers.

    Args:
        number: the request's number, from 1 on.
        conversation: what was asked.
        answers: as many as were asked for.
        reports_usage: whether the token counts are told.
    """

    number: int
    conversation: Conversation
    answers: tuple[Answer, ...]
    reports_usage: bool = True

    @property
    def completion_tokens(self) -> int:
        """Tokens of all answers."""
        return sum(answer.tokens for answer in self.answers)
