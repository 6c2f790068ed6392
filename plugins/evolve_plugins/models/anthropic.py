"""`Anthropic`: the messages protocol of Anthropic."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from evolve.client import ModelClient
from evolve.messages import Answer, Capabilities, Choice, Fault, Message, ModelError, Request
from evolve_plugins.models.faults import key_of, need, translated

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

__all__ = ["Anthropic"]

_FINISH = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length"}


@dataclass
class Anthropic(ModelClient):
    """Messages of Anthropic's models, or of a server that speaks its protocol.

    Args:
        model: its name on the server.
        base_url: of the server; "" takes ANTHROPIC_BASE_URL, or Anthropic itself.
        api_key_env: environment variable that holds the key.
        stream: receive the answer bit by bit, so that a proxy does not cut a long silence.
        prefill: it continues a begun answer (some of the newer models refuse to).
        images: it looks at images.
        longest: longest answer, tokens, that it gives; 0 when nobody knows.
        extra: further fields of each request, such as {thinking = {type = "enabled", budget_tokens = 2000}}.
    """

    model: str
    base_url: str = ""
    api_key_env: str = "ANTHROPIC_API_KEY"
    stream: bool = True
    prefill: bool = False
    images: bool = True
    longest: Annotated[int, Field(ge=0)] = 0
    extra: dict[str, Any] = field(default_factory=dict)
    _client: AsyncAnthropic | None = field(default=None, init=False, repr=False)
    _key: str = field(default="", init=False, repr=False)

    @property
    def address(self) -> str:
        return self.base_url or os.environ.get("ANTHROPIC_BASE_URL", "")

    def capabilities(self) -> Capabilities:
        return Capabilities(prefill=self.prefill, images=self.images, max_tokens=self.longest or None)

    async def start(self) -> None:
        sdk = need("anthropic")
        self._key = key_of(self.api_key_env, needed=not self.address)
        self._client = sdk.AsyncAnthropic(
            api_key=self._key or "none", base_url=self.address or None, max_retries=0, timeout=None
        )

    async def answer(self, request: Request) -> Answer:
        assert self._client is not None
        fields = self._fields(request)
        with translated("anthropic", self.model, self.api_key_env, self.address, self._key):
            if not self.stream:
                return _answer(await self._client.messages.create(**fields), _tail(request))
            gathered = _Gathered()
            async for event in await self._client.messages.create(**fields, stream=True):
                gathered.add(event)
            return gathered.answer(_tail(request))

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    def _fields(self, request: Request) -> dict[str, Any]:
        messages = [_message(message) for message in request.messages]
        if begun := request.prefill.rstrip():
            messages.append({"role": "assistant", "content": begun})
        wanted = {
            "system": request.system or None,
            "temperature": request.temperature,
            "stop_sequences": list(request.stop) or None,
        }
        said = {name: value for name, value in wanted.items() if value is not None}
        # What the package has a name for differs from version to version.
        further = {**said, **self.extra}
        return {"model": self.model, "messages": messages, "max_tokens": request.max_tokens, "extra_body": further}


def _tail(request: Request) -> str:
    """Return the white space at the end of a prefill: the server refuses it, and the model writes it itself."""
    return request.prefill[len(request.prefill.rstrip()) :]


def _message(message: Message) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.text}
    parts: list[dict[str, Any]] = [
        {
            "type": "image",
            "source": {
                "type": "base64",
                "media_type": "image/jpeg" if image.startswith(b"\xff\xd8") else "image/png",
                "data": base64.b64encode(image).decode(),
            },
        }
        for image in message.images
    ]
    return {"role": message.role, "content": [*parts, {"type": "text", "text": message.text}]}


def _answer(message: Any, tail: str) -> Answer:
    if getattr(message, "content", None) is None:
        raise ModelError(Fault.MALFORMED, "the answer holds no content")
    text = "".join(block.text for block in message.content if block.type == "text")
    return _made(text.removeprefix(tail), message.stop_reason, message.usage, message.usage)


def _made(text: str, finish: str | None, asked: Any, answered: Any) -> Answer:
    """Return an answer; `asked` and `answered` are the usage that counts the request and the answer."""
    cached = getattr(asked, "cache_read_input_tokens", None) or 0
    written = getattr(asked, "cache_creation_input_tokens", None) or 0
    fresh = getattr(asked, "input_tokens", None)
    prompt = None if fresh is None else fresh + cached + written
    choice = Choice(text, _FINISH.get(finish or "end_turn", finish or "stop"))
    return Answer((choice,), prompt, getattr(answered, "output_tokens", None), cached)


class _Gathered:
    """An answer that arrives in pieces."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.finish: str | None = None
        self.ended = False
        self.asked: Any = None
        self.answered: Any = None

    def add(self, event: Any) -> None:
        match event.type:
            case "message_start":
                self.asked = getattr(event.message, "usage", None)
            case "content_block_delta" if event.delta.type == "text_delta":
                self.texts.append(event.delta.text)
            case "message_delta":
                self.finish = event.delta.stop_reason
                self.answered = getattr(event, "usage", None)
            case "message_stop":
                self.ended = True

    def answer(self, tail: str) -> Answer:
        if not self.ended:
            raise ModelError(Fault.CONNECTION, "the stream broke off before the answer's end")
        return _made("".join(self.texts).removeprefix(tail), self.finish, self.asked, self.answered)
