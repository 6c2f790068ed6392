"""`OpenAI`: chat completions of OpenAI, or of any server that speaks its protocol."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from evolve.client import ModelClient
from evolve.messages import Answer, Capabilities, Choice, Fault, Message, ModelError, Request, TokenLogprob
from evolve_plugins.models.faults import key_of, need, translated

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["OpenAI"]

_CONTINUE = {"continue_final_message": True, "add_generation_prompt": False}
"""How servers of open models are told that the last message is a begun answer, and not a whole one."""


@dataclass
class OpenAI(ModelClient):
    """Chat completions of OpenAI, or of any server that speaks its protocol: vLLM, Ollama, llama.cpp, OpenRouter.

    Args:
        model: its name on the server.
        base_url: of the server, such as "http://localhost:8000/v1"; "" takes OPENAI_BASE_URL, or OpenAI itself.
        api_key_env: environment variable that holds the key; a server of your own needs none.
        stream: receive the answer bit by bit, so that a proxy does not cut a long silence.
        logprobs: whether it reports log probabilities: of no token, of those it chose, or of alternatives, too.
        prefill: it continues a begun answer (vLLM, SGLang and llama.cpp do, OpenAI does not).
        several: it gives several answers to one request.
        takes_seed: its sampling takes a seed.
        images: it looks at images.
        longest: longest answer, tokens, that it gives; 0 when nobody knows.
        token_field: how the protocol says the longest answer; OpenAI's newer models refuse "max_tokens".
        extra: further fields of each request, such as {reasoning_effort = "low"}.
    """

    model: str
    base_url: str = ""
    api_key_env: str = "OPENAI_API_KEY"
    stream: bool = False
    logprobs: Literal["none", "sampled", "top_k"] = "top_k"
    prefill: bool = False
    several: bool = True
    takes_seed: bool = True
    images: bool = True
    longest: Annotated[int, Field(ge=0)] = 0
    token_field: Literal["", "max_tokens", "max_completion_tokens"] = ""
    extra: dict[str, Any] = field(default_factory=dict)
    _client: AsyncOpenAI | None = field(default=None, init=False, repr=False)
    _key: str = field(default="", init=False, repr=False)

    @property
    def address(self) -> str:
        return self.base_url or os.environ.get("OPENAI_BASE_URL", "")

    def capabilities(self) -> Capabilities:
        return Capabilities(
            logprobs=self.logprobs,
            top_k=20 if self.logprobs == "top_k" else 0,
            prefill=self.prefill,
            several=self.several,
            seed=self.takes_seed,
            images=self.images,
            max_tokens=self.longest or None,
        )

    async def start(self) -> None:
        sdk = need("openai")
        self._key = key_of(self.api_key_env, needed=not self.address)
        self._client = sdk.AsyncOpenAI(
            api_key=self._key or "none", base_url=self.address or None, max_retries=0, timeout=None
        )

    async def answer(self, request: Request) -> Answer:
        assert self._client is not None
        fields = self._fields(request)
        with translated("openai", self.model, self.api_key_env, self.address, self._key):
            if not self.stream:
                return _answer(await self._client.chat.completions.create(**fields))
            gathered = _Gathered()
            async for chunk in await self._client.chat.completions.create(**fields, stream=True):
                gathered.add(chunk)
            return gathered.answer()

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    def _fields(self, request: Request) -> dict[str, Any]:
        messages = [{"role": "system", "content": request.system}] if request.system else []
        messages += [_message(message) for message in request.messages]
        if request.prefill:
            messages.append({"role": "assistant", "content": request.prefill})
        wanted: dict[str, Any] = {
            self.token_field or ("max_tokens" if self.address else "max_completion_tokens"): request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
            "stop": list(request.stop) or None,
            "n": request.n if request.n > 1 else None,
            "logprobs": True if request.top_logprobs else None,
            "top_logprobs": request.top_logprobs if self.logprobs == "top_k" and request.top_logprobs else None,
            "stream_options": {"include_usage": True} if self.stream else None,
            **(_CONTINUE if request.prefill else {}),
        }
        said = {name: value for name, value in wanted.items() if value is not None}
        # What the package has a name for differs from version to version, and servers know more than it does.
        return {"model": self.model, "messages": messages, "extra_body": {**said, **self.extra}}


def _message(message: Message) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.text}
    parts: list[dict[str, Any]] = [{"type": "text", "text": message.text}]
    for image in message.images:
        kind = "jpeg" if image.startswith(b"\xff\xd8") else "png"
        address = f"data:image/{kind};base64,{base64.b64encode(image).decode()}"
        parts.append({"type": "image_url", "image_url": {"url": address}})
    return {"role": message.role, "content": parts}


def _answer(completion: Any) -> Answer:
    choices = tuple(
        Choice(
            (choice.message.content if choice.message is not None else "") or "",
            choice.finish_reason or "stop",
            _logprobs(choice.logprobs),
        )
        for choice in getattr(completion, "choices", None) or ()
    )
    if not choices:
        raise ModelError(Fault.MALFORMED, "the answer holds no choice")
    return Answer(choices, *_usage(completion.usage))


def _usage(usage: Any) -> tuple[int | None, int | None, int]:
    if usage is None:
        return None, None, 0
    details = getattr(usage, "prompt_tokens_details", None)
    return usage.prompt_tokens, usage.completion_tokens, getattr(details, "cached_tokens", None) or 0


def _logprobs(found: Any) -> tuple[TokenLogprob, ...]:
    tokens = getattr(found, "content", None) or ()
    return tuple(
        TokenLogprob(t.token, t.logprob, tuple(sorted((top.logprob for top in t.top_logprobs or ()), reverse=True)))
        for t in tokens
    )


class _Gathered:
    """An answer that arrives in pieces."""

    def __init__(self) -> None:
        self.texts: dict[int, list[str]] = {}
        self.finish: dict[int, str] = {}
        self.tokens: dict[int, tuple[TokenLogprob, ...]] = {}
        self.usage: Any = None

    def add(self, chunk: Any) -> None:
        self.usage = getattr(chunk, "usage", None) or self.usage
        for choice in chunk.choices or ():
            pieces = self.texts.setdefault(choice.index, [])
            if choice.delta is not None and choice.delta.content:
                pieces.append(choice.delta.content)
            if choice.finish_reason:
                self.finish[choice.index] = choice.finish_reason
            self.tokens[choice.index] = self.tokens.get(choice.index, ()) + _logprobs(choice.logprobs)

    def answer(self) -> Answer:
        if not self.texts:
            raise ModelError(Fault.MALFORMED, "the answer holds no choice")
        if set(self.finish) != set(self.texts):
            raise ModelError(Fault.CONNECTION, "the stream broke off before the answer's end")
        finish: Mapping[int, str] = self.finish
        choices = tuple(
            Choice("".join(self.texts[index]), finish[index], self.tokens[index]) for index in sorted(self.texts)
        )
        return Answer(choices, *_usage(self.usage))
