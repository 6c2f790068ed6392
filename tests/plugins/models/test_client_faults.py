"""What goes wrong between both clients and model servers, by its name, in one line, without the key."""

from __future__ import annotations

import asyncio
import traceback
from typing import Any

import pytest

from evolve.messages import Answer, ModelError, Request
from evolve.messages import Fault as Why
from evolve.testing.servers import (
    Echo,
    Fault,
    Faults,
    ModelServer,
    bad_request,
    cut_connection,
    malformed_json,
    rate_limited,
    server_error,
    unauthorised,
)
from evolve.testing.servers.body import Refused

ASKED = Request.of("one two three four", max_tokens=100)


@pytest.mark.parametrize(
    ("fault", "why", "retry_after_s"),
    [
        (rate_limited(0.25), Why.RATE, 0.25),
        (rate_limited(), Why.RATE, None),
        (server_error(500), Why.SERVER, None),
        (server_error(503), Why.SERVER, None),
        (server_error(529), Why.SERVER, None),
        (cut_connection(), Why.CONNECTION, None),
        (malformed_json(), Why.MALFORMED, None),
        (unauthorised(), Why.KEY, None),
        (Fault(status=403), Why.KEY, None),
        (bad_request(), Why.REQUEST, None),
        (Fault(status=413), Why.REQUEST, None),
        (Fault(status=408), Why.TIMEOUT, None),
    ],
    ids=lambda value: str(value.status) + value.damage.name if isinstance(value, Fault) else None,
)
def test_whatever_goes_wrong_has_its_name_and_one_line_and_is_tried_once(
    kind: Any, fault: Fault, why: Why, retry_after_s: float | None
) -> None:
    server = kind.server(Echo(), faults=Faults.first(fault))
    error, answer = kind.ask(server, ASKED, ASKED)
    assert isinstance(error, ModelError)
    assert (error.fault, error.retry_after_s) == (why, retry_after_s)
    assert len(error.detail.splitlines()) == 1
    if fault.status >= 400:
        assert error.detail.startswith(f"HTTP {fault.status}: injected by the test")
    assert isinstance(answer, Answer)
    assert (len(server.received), server.answered) == (2, 1)


def test_an_unknown_model_is_named(kind: Any) -> None:
    error = kind.refusal(kind.server(Echo(), models=("other",)))
    assert error.fault is Why.UNKNOWN
    assert "look at the model's name, 'm', and at the address" in error.detail


def test_where_nobody_listens_the_address_is_named(kind: Any) -> None:
    async def use() -> tuple[str, Answer | ModelError]:
        async with kind.server(Echo()) as server:
            url = server.url
        client = kind.make(url)
        await client.start()
        try:
            return url, await kind.outcome(client)
        finally:
            await client.close()

    url, error = asyncio.run(use())
    assert isinstance(error, ModelError)
    assert error.fault is Why.CONNECTION
    assert url in error.detail


@pytest.mark.parametrize(
    ("header", "value", "seconds"),
    [
        ("retry-after-ms", "250", 0.25),
        ("retry-after", "2", 2.0),
        ("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT", None),
    ],
)
def test_how_long_to_wait_is_read_where_it_is_a_number(
    kind: Any, header: str, value: str, seconds: float | None
) -> None:
    class Busy(kind.server):  # type: ignore[name-defined,misc]
        def _headers(self) -> dict[str, str]:
            return {header: value}

    error = kind.refusal(Busy(Echo(), faults=Faults.first(rate_limited())))
    assert (error.fault, error.retry_after_s) == (Why.RATE, seconds)


def gossip(kind: Any, event: str) -> type[ModelServer]:
    """Return a server that repeats the key: as the reason of a refusal, or within a stream that had begun well."""

    class Gossip(kind.server):  # type: ignore[name-defined,misc]
        said = ""

        def _check_key(self, request: Any) -> None:
            self.said = f"the key {self._key(request)}\nis overloaded"
            if not event:
                raise Refused(401, self.said)

        def _events(self, exchange: Any) -> list[bytes]:
            whole: list[bytes] = super()._events(exchange)
            said = self.said.replace("\n", " ")
            return [whole[0], event.replace("SAID", said).encode()]

    return Gossip


ERROR_EVENTS = {
    "openai": 'data: {"error": {"message": "SAID", "type": "server_error"}}\n\n',
    "anthropic": 'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "SAID"}}\n\n',
}


def test_a_key_that_the_server_repeats_is_shown_nowhere(kind: Any, key: str) -> None:
    error = kind.refusal(gossip(kind, "")(Echo()))
    assert error.fault is Why.KEY
    expected = "HTTP 401: the key <A_KEY_OF_THE_TESTS> is overloaded; look at the key in A_KEY_OF_THE_TESTS"
    assert error.detail == expected
    assert key not in "".join([str(error), repr(error), error.detail, *traceback.format_exception(error)])


def test_an_error_within_a_stream_may_pass_and_does_not_show_the_key_either(streaming_kind: Any, key: str) -> None:
    error = streaming_kind.refusal(gossip(streaming_kind, ERROR_EVENTS[streaming_kind.protocol])(Echo()))
    assert error.fault is Why.SERVER
    assert error.detail == "the server broke off: the key <A_KEY_OF_THE_TESTS> is overloaded"
    assert key not in "".join([str(error), repr(error), *traceback.format_exception(error)])


def test_an_answer_that_holds_none_is_malformed(kind: Any) -> None:
    class Hollow(kind.server):  # type: ignore[name-defined,misc]
        def _body(self, exchange: Any) -> dict[str, Any]:
            return {"object": "chat.completion", "choices": []}

        def _events(self, exchange: Any) -> list[bytes]:
            return [b"data: [DONE]\n\n"]

    error = kind.refusal(Hollow(Echo()))
    assert error.fault is (Why.CONNECTION if str(kind) == "anthropic-streaming" else Why.MALFORMED)


def test_a_stream_that_ends_too_soon_is_no_answer(streaming_kind: Any) -> None:
    class Hasty(streaming_kind.server):  # type: ignore[name-defined,misc]
        def _events(self, exchange: Any) -> list[bytes]:
            return super()._events(exchange)[:3]  # type: ignore[no-any-return]

    error = streaming_kind.refusal(Hasty(Echo()))
    assert (error.fault, error.detail) == (Why.CONNECTION, "the stream broke off before the answer's end")
