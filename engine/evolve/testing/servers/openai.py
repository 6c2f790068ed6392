"""A server that speaks the chat-completions protocol."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from evolve.testing.servers.body import Refused, read_messages, read_number, read_texts, split_prefill
from evolve.testing.servers.conversation import Conversation, TokenLogprob
from evolve.testing.servers.exchange import Answer, Exchange
from evolve.testing.servers.http import Request
from evolve.testing.servers.model_server import ModelServer

__all__ = ["OpenAIServer"]

_SYSTEM = ("system", "developer")
_ROLES = (*_SYSTEM, "user", "assistant", "tool")
_TYPES = {401: ("invalid_request_error", "invalid_api_key"), 429: ("requests", "rate_limit_exceeded")}


@dataclass(eq=False)
class OpenAIServer(ModelServer):
    """Answers `POST /chat/completions` and `GET /models`, with or without `/v1` before them.

    It knows n, max_tokens, max_completion_tokens, stop, seed, logprobs, top_logprobs, stream and
    stream_options.include_usage; a behaviour finds every other field in `Conversation.asked`. A last message by the
    assistant is a prefill, and the answer is what follows it.

    See `ModelServer` for the arguments.
    """

    _route: ClassVar[str] = "/chat/completions"
    _base: ClassVar[str] = "/v1"

    def _key(self, request: Request) -> str:
        return request.headers.get("authorization", "").removeprefix("Bearer ")

    def _headers(self) -> dict[str, str]:
        return {"x-request-id": f"req_{len(self.received)}"}

    def _model_list(self) -> dict[str, Any]:
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "test"} for name in self.models]
        return {"object": "list", "data": data}

    def _read(self, request: Request, body: dict[str, Any]) -> Conversation:
        if not isinstance(body.get("model"), str):
            raise Refused(400, "you must provide a model parameter")
        messages = read_messages(body, _ROLES, image="image_url")
        turns, prefill = split_prefill([message for message in messages if message.role not in _SYSTEM])
        top = read_number(body, "top_logprobs", 0, 20)
        if top is not None and not body.get("logprobs"):
            raise Refused(400, "top_logprobs needs logprobs")
        if body.get("stream_options") and not body.get("stream"):
            raise Refused(400, "stream_options needs stream")
        limits = [read_number(body, name, 1) for name in ("max_completion_tokens", "max_tokens")]
        return Conversation(
            turns,
            system="\n".join(message.text for message in messages if message.role in _SYSTEM),
            prefill=prefill,
            model=body["model"],
            max_tokens=min((limit for limit in limits if limit is not None), default=None),
            stop=read_texts(body, "stop"),
            n=read_number(body, "n", 1, 128) or 1,
            seed=read_number(body, "seed"),
            top_logprobs=(top or 0) if body.get("logprobs") else None,
            asked=body,
        )

    def _body(self, exchange: Exchange) -> dict[str, Any]:
        choices = [
            {
                "index": index,
                "message": {"role": "assistant", "content": answer.text, "refusal": None},
                "logprobs": _logprobs(answer, answer.deltas, exchange.conversation.top_logprobs),
                "finish_reason": answer.finish,
            }
            for index, answer in enumerate(exchange.answers)
        ]
        body = {**_named(exchange, "chat.completion"), "choices": choices}
        return {**body, "usage": _usage(exchange)} if exchange.reports_usage else body

    def _events(self, exchange: Exchange) -> list[bytes]:
        options = exchange.conversation.asked.get("stream_options") or {}
        usage = bool(options.get("include_usage")) and exchange.reports_usage
        common = {**_named(exchange, "chat.completion.chunk"), **({"usage": None} if usage else {})}
        chunks: list[dict[str, Any]] = []
        for index, answer in enumerate(exchange.answers):
            for delta, logprobs, finish in _deltas(answer, exchange.conversation.top_logprobs):
                choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
                chunks.append({**common, "choices": [choice]})
        if usage:
            chunks.append({**common, "choices": [], "usage": _usage(exchange)})
        return [*(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks), b"data: [DONE]\n\n"]

    def _error(self, refused: Refused) -> dict[str, Any]:
        ordinary = ("invalid_request_error" if refused.status < 500 else "server_error", None)
        kind, code = _TYPES.get(refused.status, ordinary)
        return {"error": {"message": refused.message, "type": kind, "param": None, "code": refused.code or code}}


def _named(exchange: Exchange, kind: str) -> dict[str, Any]:
    # The same number always gets the same bytes: no clock is read.
    model = exchange.conversation.model
    return {"id": f"chatcmpl-{exchange.number}", "object": kind, "created": 0, "model": model}


def _usage(exchange: Exchange) -> dict[str, int]:
    prompt, completion = exchange.conversation.prompt_tokens, exchange.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _deltas(answer: Answer, top: int | None) -> list[tuple[dict[str, str], dict[str, Any] | None, str | None]]:
    """Return what each chunk of a stream adds: the delta, its log-probabilities and the finish reason."""
    parts = [({"content": part.token}, _logprobs(answer, (part,), top), None) for part in answer.deltas]
    return [({"role": "assistant", "content": ""}, None, None), *parts, ({}, None, answer.finish)]


def _logprobs(answer: Answer, tokens: tuple[TokenLogprob, ...], top: int | None) -> dict[str, Any] | None:
    if answer.logprobs is None:
        return None
    content = [
        {
            **_token(token.token, token.logprob),
            "top_logprobs": [_token(*pair) for pair in (token.top or ((token.token, token.logprob),))[:top]],
        }
        for token in tokens
    ]
    return {"content": content, "refusal": None}


def _token(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode("utf-8", "surrogatepass"))}
