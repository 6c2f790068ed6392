"""A conversation as a model server sees it, and the reply to it, in no protocol's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Conversation", "Message", "Reply", "TokenLogprob", "count_tokens", "first_tokens", "pieces"]

_BYTES_PER_TOKEN = 4
_PIECE = re.compile(r"\s*\S+(?:\s+\Z)?|\s+\Z")


def count_tokens(text: str) -> int:
    """Return the number of tokens that usage reports and limits count: UTF-8 bytes over 4, rounded up."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_PER_TOKEN)


def first_tokens(text: str, count: int) -> str:
    """Return the beginning of a text that has at most so many tokens, without half a character at its end."""
    return text.encode("utf-8", "surrogatepass")[: count * _BYTES_PER_TOKEN].decode("utf-8", "ignore")


def pieces(text: str) -> list[str]:
    """Cut a text into words with the space before them; log-probabilities and streams have one token for each."""
    return _PIECE.findall(text)


@dataclass(frozen=True)
class Message:
    """One turn: its role ("user", "assistant" or "tool"), its text, and how many images came with it."""

    role: str
    text: str
    images: int = 0


@dataclass(frozen=True)
class Conversation:
    """What a server was asked, whatever the protocol.

    Args:
        messages: the turns, without the system prompt and the prefill.
        system: the system prompt, or "".
        prefill: the beginning of the answer, which the client has written itself, or "".
        model: the model's name.
        max_tokens: limit of the answer in tokens, or None.
        stop: texts before which the answer ends.
        n: how many answers were asked for.
        sample: which of them this is, from 0 on.
        seed: the request's seed, or None.
        top_logprobs: alternatives wanted for each token, or None when no log-probabilities are.
        asked: the whole request body.
    """

    messages: tuple[Message, ...]
    system: str = ""
    prefill: str = ""
    model: str = ""
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    n: int = 1
    sample: int = 0
    seed: int | None = None
    top_logprobs: int | None = None
    asked: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the system prompt, of each message and of the prefill, added up; an image has none."""
        return sum(map(count_tokens, (self.system, *(message.text for message in self.messages), self.prefill)))

    @property
    def question(self) -> str:
        """The text of the last user message, or ""."""
        return next((message.text for message in reversed(self.messages) if message.role == "user"), "")


@dataclass(frozen=True)
class TokenLogprob:
    """One token with its natural log-probability, and the most probable tokens in its place, the first one first."""

    token: str
    logprob: float = 0.0
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Reply:
    """An answer before any limit is applied.

    Args:
        text: what follows the prefill.
        logprobs: tokens that make up the text, or None when the behaviour knows no probabilities.

    Raises:
        ValueError: the tokens do not make up the text.
    """

    text: str
    logprobs: tuple[TokenLogprob, ...] | None = None

    def __post_init__(self) -> None:
        if self.logprobs is not None and "".join(token.token for token in self.logprobs) != self.text:
            raise ValueError("the tokens of the log-probabilities must make up the text")

    @classmethod
    def certain(cls, text: str) -> Reply:
        """Return an answer of probability 1."""
        return cls(text, tuple(map(TokenLogprob, pieces(text))))
