"""A server that speaks the messages protocol."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from evolve.testing.servers.body import Refused, read_content, read_messages, read_number, read_texts, split_prefill
from evolve.testing.servers.conversation import Conversation
from evolve.testing.servers.exchange import Answer, Exchange
from evolve.testing.servers.http import Request
from evolve.testing.servers.model_server import ModelServer

__all__ = ["AnthropicServer"]

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


@dataclass(eq=False)
class AnthropicServer(ModelServer):
    """Answers `POST /v1/messages` and `GET /v1/models`.

    It knows system, max_tokens, stop_sequences and stream; a behaviour finds every other field in
    `Conversation.asked`. A last message by the assistant is a prefill, and the answer is what follows it; as at the
    real server it must not end in white space.

    See `ModelServer` for the arguments.
    """

    _route: ClassVar[str] = "/messages"

    def _key(self, request: Request) -> str:
        # Clients before 2.0 send the one header, later ones the other.
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        return request.headers.get("x-api-key", bearer)

    def _headers(self) -> dict[str, str]:
        return {"request-id": f"req_{len(self.received)}"}

    def _model_list(self) -> dict[str, Any]:
        created = "1970-01-01T00:00:00Z"
        data = [{"type": "model", "id": name, "display_name": name, "created_at": created} for name in self.models]
        ends = {"first_id": self.models[0] if data else None, "last_id": self.models[-1] if data else None}
        return {"data": data, "has_more": False, **ends}

    def _read(self, request: Request, body: dict[str, Any]) -> Conversation:
        if "anthropic-version" not in request.headers:
            raise Refused(400, "anthropic-version: header is required")
        if not isinstance(body.get("model"), str):
            raise Refused(400, "model: field required")
        if body.get("max_tokens") is None:
            raise Refused(400, "max_tokens: field required")
        turns, prefill = split_prefill(read_messages(body, ("user", "assistant"), image="image"))
        if prefill != prefill.rstrip():
            raise Refused(400, "messages: final assistant content cannot end with trailing whitespace")
        return Conversation(
            turns,
            system=read_content(body.get("system"), image="")[0],
            prefill=prefill,
            model=body["model"],
            max_tokens=read_number(body, "max_tokens", 1),
            stop=read_texts(body, "stop_sequences"),
            asked=body,
        )

    def _body(self, exchange: Exchange) -> dict[str, Any]:
        answer = exchange.answers[0]
        content = [{"type": "text", "text": answer.text}] if answer.text else []
        body = {**_message(exchange), "content": content, **_stopped(answer)}
        return {**body, "usage": _usage(exchange, answer.tokens)} if exchange.reports_usage else body

    def _events(self, exchange: Exchange) -> list[bytes]:
        answer = exchange.answers[0]
        start = {**_message(exchange), "content": [], "stop_reason": None, "stop_sequence": None}
        delta: dict[str, Any] = {"type": "message_delta", "delta": _stopped(answer)}
        if exchange.reports_usage:
            start["usage"] = _usage(exchange, 0)
            delta["usage"] = {"output_tokens": answer.tokens}
        events: list[dict[str, Any]] = [{"type": "message_start", "message": start}]
        if answer.text:
            block = {"index": 0, "content_block": {"type": "text", "text": ""}}
            events += [{"type": "content_block_start", **block}, {"type": "ping"}]
            for part in answer.deltas:
                text = {"type": "text_delta", "text": part.token}
                events.append({"type": "content_block_delta", "index": 0, "delta": text})
            events.append({"type": "content_block_stop", "index": 0})
        events += [delta, {"type": "message_stop"}]
        return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]

    def _error(self, refused: Refused) -> dict[str, Any]:
        kind = _TYPES.get(refused.status, "invalid_request_error" if refused.status < 500 else "api_error")
        return {"type": "error", "error": {"type": kind, "message": refused.message}}


def _message(exchange: Exchange) -> dict[str, Any]:
    model = exchange.conversation.model
    return {"id": f"msg_{exchange.number}", "type": "message", "role": "assistant", "model": model}


def _stopped(answer: Answer) -> dict[str, str | None]:
    reason = "max_tokens" if answer.finish == "length" else "stop_sequence" if answer.stop else "end_turn"
    return {"stop_reason": reason, "stop_sequence": answer.stop or None}


def _usage(exchange: Exchange, output: int) -> dict[str, int]:
    return {"input_tokens": exchange.conversation.prompt_tokens, "output_tokens": output}
