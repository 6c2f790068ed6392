"""What is said to a language model, and what it answers: frozen plain data."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from evolve.errors import EvolveError

__all__ = ["Answer", "Bill", "Capabilities", "Choice", "Fault", "Message", "ModelError", "Request", "TokenLogprob"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    Args:
        role: who speaks.
        text: what is said.
        images: PNG or JPEG files shown with it, as bytes.
    """

    role: Literal["user", "assistant"]
    text: str
    images: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a model.

    Args:
        messages: the conversation; the last turn is the user's.
        system: instructions above the conversation, or "".
        max_tokens: the longest answer, tokens, > 0; 0 takes what the run's configuration says.
        temperature: of sampling, >= 0; None leaves it to the server.
        top_logprobs: how many alternatives per token to report with their log probabilities; 0 for none.
        seed: of the server's sampling, where it has one.
        prefill: how the answer must begin, where the model can continue a text.
        stop: texts that end the answer.
        n: how many answers are wanted, >= 1.
    """

    messages: tuple[Message, ...]
    system: str = ""
    max_tokens: int = 0
    temperature: float | None = None
    top_logprobs: int = 0
    seed: int | None = None
    prefill: str = ""
    stop: tuple[str, ...] = ()
    n: int = 1

    @classmethod
    def of(cls, text: str, **settings: Any) -> Request:
        """Return a request that says one thing."""
        return cls((Message("user", text),), **settings)

    def digest(self, model: str) -> str:
        """Content address of this request to a model, 32 hexadecimal digits."""
        plain = json.dumps([model, self.to_plain()], sort_keys=True)
        return hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def to_plain(self) -> dict[str, Any]:
        """Return it as JSON-able data."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        plain["stop"] = list(self.stop)
        plain["temperature"] = None if self.temperature is None else self.temperature + 0.0  # 1 and 1.0 are the same
        plain["messages"] = [
            {"role": m.role, "text": m.text, "images": [base64.b64encode(image).decode() for image in m.images]}
            for m in self.messages
        ]
        return plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Request:
        """Return the request that `to_plain` wrote."""
        messages = tuple(
            Message(m["role"], m["text"], tuple(base64.b64decode(image) for image in m["images"]))
            for m in plain["messages"]
        )
        return cls(**{**plain, "messages": messages, "stop": tuple(plain["stop"])})


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One token of an answer.

    Args:
        token: its text.
        logprob: natural logarithm of its probability, <= 0.
        top: those of the most probable tokens at its place, best first; empty when the server does not say.
    """

    token: str
    logprob: float
    top: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers to a request.

    Args:
        text: what the model says; a prefill is not repeated in it.
        finish: why it ended: "stop", "length" (cut at `max_tokens`), or the server's own word.
        logprobs: per token, where they were asked for and the server reports them.
    """

    text: str
    finish: str = "stop"
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Args:
        choices: at least one.
        prompt_tokens: tokens that the server counted in the request, or None when it does not say.
        completion_tokens: tokens of all answers together, thoughts included, or None when it does not say.
        cached_tokens: those of the prompt that the server had in its cache, which often cost less.
        model: who gave it, by the name that the model has in the run; the engine fills it in.
    """

    choices: tuple[Choice, ...]
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0
    model: str = ""

    @property
    def text(self) -> str:
        """What the first answer says."""
        return self.choices[0].text

    @property
    def truncated(self) -> bool:
        """True when the first answer was cut at `max_tokens`."""
        return self.choices[0].finish == "length"

    def to_plain(self) -> dict[str, Any]:
        """Return it as JSON-able data."""
        choices = [
            {"text": c.text, "finish": c.finish, "logprobs": [[t.token, t.logprob, list(t.top)] for t in c.logprobs]}
            for c in self.choices
        ]
        tokens = [self.prompt_tokens, self.completion_tokens, self.cached_tokens]
        return {"choices": choices, "tokens": tokens, "model": self.model}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Answer:
        """Return the answer that `to_plain` wrote."""
        choices = tuple(
            Choice(c["text"], c["finish"], tuple(TokenLogprob(t, p, tuple(top)) for t, p, top in c["logprobs"]))
            for c in plain["choices"]
        )
        prompt, completion, cached = plain["tokens"]
        return cls(choices, prompt, completion, cached, plain["model"])


@dataclass(frozen=True, slots=True)
class Bill:
    """What a request cost.

    Args:
        prompt_tokens: of the request.
        completion_tokens: of the answers.
        usd: US dollars; 0 when nobody knows the price.
        estimated: the server did not count; the tokens are an upper bound, one per byte.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model, behind its server, can do.

    Args:
        logprobs: "none", "sampled" (of the tokens it chose), or "top_k" (of alternatives, too).
        top_k: most alternatives per token that it reports.
        prefill: it continues a begun answer.
        several: it gives several answers to one request.
        seed: its sampling takes a seed.
        system: it takes instructions above the conversation.
        images: it looks at images.
        max_tokens: longest answer, tokens; None when nobody knows.
    """

    logprobs: Literal["none", "sampled", "top_k"] = "none"
    top_k: int = 0
    prefill: bool = False
    several: bool = False
    seed: bool = False
    system: bool = True
    images: bool = False
    max_tokens: int | None = None

    def lacks(self, request: Request) -> str:
        """Return what a request needs and this model cannot do, in words, or ""."""
        needs = {
            "log probabilities": bool(request.top_logprobs) and self.logprobs == "none",
            f"{request.top_logprobs} alternatives per token": request.top_logprobs > self._most_alternatives,
            "to continue a begun answer (prefill)": bool(request.prefill) and not self.prefill,
            "several answers to one request (n)": request.n > 1 and not self.several,
            "a seed": request.seed is not None and not self.seed,
            "a system role": bool(request.system) and not self.system,
            "images": any(message.images for message in request.messages) and not self.images,
        }
        return ", ".join(what for what, missing in needs.items() if missing)

    @property
    def _most_alternatives(self) -> float:
        """Alternatives per token to ask for at most; where there are none at all, the lack of them says enough."""
        known = float(self.top_k) if self.top_k else float("inf")
        return {"none": float("inf"), "sampled": 1.0, "top_k": known}[self.logprobs]


class Fault(StrEnum):
    """Why a model did not answer."""

    RATE = "rate limit"
    SERVER = "server error"
    CONNECTION = "no connection"
    TIMEOUT = "timeout"
    MALFORMED = "malformed answer"
    KEY = "key refused"
    UNKNOWN = "not found"
    REQUEST = "request refused"
    STOPPED = "given up"
    UNRECORDED = "not in the record"

    @property
    def passing(self) -> bool:
        """True when the same request may work later."""
        return self in (Fault.RATE, Fault.SERVER, Fault.CONNECTION, Fault.TIMEOUT, Fault.MALFORMED)


class ModelError(EvolveError):
    """A model did not answer. Operators may let it pass: the engine records it as a refusal.

    Args:
        fault: what happened.
        detail: what is known about it, without any key; it is made one line.
        retry_after_s: how long the server asks to wait, or None.
    """

    def __init__(self, fault: Fault, detail: str, retry_after_s: float | None = None) -> None:
        detail = " ".join("".join(c if c.isprintable() else " " for c in detail).split())
        super().__init__(f"{fault}: {detail}" if detail else str(fault))
        self.fault = fault
        self.detail = detail
        self.retry_after_s = retry_after_s
