"""Each fault of a model server's double, as the official clients see it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anthropic
import openai
import pytest
from scipy.stats import binom

from evolve.testing.servers import (
    AnthropicServer,
    Conversation,
    Echo,
    Fault,
    Faults,
    ModelServer,
    OpenAIServer,
    Reply,
    Scripted,
    bad_request,
    cut_connection,
    empty,
    latency,
    malformed_json,
    rate_limited,
    server_error,
    slow_headers,
    truncated,
    unauthorised,
    without_logprobs,
    without_usage,
)

PLAIN_OR_STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
SERVERS = pytest.mark.parametrize("kind", [OpenAIServer, AnthropicServer])

REFUSALS = [
    (rate_limited(0.25), "RateLimitError", "rate_limit_exceeded", "rate_limit_error"),
    (rate_limited(), "RateLimitError", "rate_limit_exceeded", "rate_limit_error"),
    (server_error(), "InternalServerError", None, "api_error"),
    (server_error(503), "InternalServerError", None, "api_error"),
    (server_error(529), "InternalServerError", None, "overloaded_error"),
    (unauthorised(), "AuthenticationError", "invalid_api_key", "authentication_error"),
    (bad_request(), "BadRequestError", None, "invalid_request_error"),
]


@PLAIN_OR_STREAMED
@pytest.mark.parametrize(("fault", "error", "code", "kind"), REFUSALS)
def test_a_refusal_has_an_error_of_its_own(
    official: Any, fault: Fault, error: str, code: str | None, kind: str, stream: bool
) -> None:
    retry_after = None if fault.retry_after is None else str(fault.retry_after)
    server: ModelServer = OpenAIServer(Echo(), faults=Faults.first(fault))
    with pytest.raises(getattr(openai, error)) as seen:
        official.once(server, stream=stream)
    assert (seen.value.status_code, seen.value.code) == (fault.status, code)
    assert seen.value.response.headers.get("retry-after") == retry_after
    server = AnthropicServer(Echo(), faults=Faults.first(fault))
    with pytest.raises(getattr(anthropic, error)) as seen:
        official.once(server, stream=stream)
    assert (seen.value.status_code, seen.value.body["error"]["type"]) == (fault.status, kind)
    assert seen.value.response.headers.get("retry-after") == retry_after
    assert (len(server.received), server.answered, server.prompt_tokens) == (1, 0, 0)


@SERVERS
@PLAIN_OR_STREAMED
def test_a_broken_answer_is_an_error_and_is_not_counted(official: Any, kind: type[ModelServer], stream: bool) -> None:
    async def use(client: Any) -> None:
        # One client lets the error of its transport through when a stream breaks off.
        with pytest.raises(Exception, match=r"Connection error|closed connection") as cut:
            await official.ask(client, stream=stream)
        assert type(cut.value).__name__ in {"APIConnectionError", "RemoteProtocolError"}
        with pytest.raises(json.JSONDecodeError):
            await official.ask(client, stream=stream)
        assert (await official.ask(client, stream=stream)).text == official.question

    server = kind(Echo(), faults=Faults.first(cut_connection(), malformed_json()))
    official.run(server, use)
    assert (len(server.received), server.answered, server.completion_tokens) == (3, 1, 5)


@SERVERS
@PLAIN_OR_STREAMED
def test_a_poor_or_slow_answer_is_valid_and_is_counted(official: Any, kind: type[ModelServer], stream: bool) -> None:
    async def use(client: Any) -> list[tuple[str, str]]:
        seen = [await official.ask(client, stream=stream) for _ in range(4)]
        return [(answer.text, answer.finish) for answer in seen]

    server = kind(Echo(), faults=Faults.first(truncated(), empty(), slow_headers(0.001), latency(0.001)))
    stopped, limited = ("stop", "length") if kind is OpenAIServer else ("end_turn", "max_tokens")
    whole = (official.question, stopped)
    assert official.run(server, use) == [(official.question[:9], limited), ("", stopped), whole, whole]
    assert (server.answered, server.completion_tokens) == (4, 3 + 0 + 5 + 5)


def test_usage_and_log_probabilities_can_be_missing(official: Any) -> None:
    async def use(client: Any) -> None:
        first, second = [(await official.ask(client, logprobs=True)).raw for _ in range(2)]
        assert (first.usage, second.choices[0].logprobs) == (None, None)
        assert first.choices[0].logprobs.content
        assert second.usage.completion_tokens == 5

    faults = Faults.first(without_usage(), without_logprobs())
    official.run(OpenAIServer(Echo(), faults=faults), use)
    options = {"include_usage": True}
    streamed = official.once(OpenAIServer(Echo(), faults=faults), stream=True, stream_options=options)
    assert all(chunk.usage is None for chunk in streamed.raw)
    server = AnthropicServer(Echo(), faults=faults)
    assert official.once(server).raw.usage is None
    assert server.completion_tokens == 5
    events = official.once(AnthropicServer(Echo(), faults=faults), stream=True).raw
    assert [event.usage for event in events if event.type == "message_delta"] == [None]


@SERVERS
@pytest.mark.parametrize("fault", [latency(60.0), slow_headers(60.0)], ids=["latency", "slow_headers"])
def test_a_client_that_gives_up_costs_nothing(official: Any, kind: type[ModelServer], fault: Fault) -> None:
    async def use(client: Any) -> None:
        library = official.library(kind)
        with pytest.raises(library.APITimeoutError):
            await official.ask(client.with_options(timeout=library.Timeout(60.0, read=0.1)))
        assert (await official.ask(client)).text == official.question

    server = kind(Echo(), faults=Faults.first(fault))
    official.run(server, use)
    assert (len(server.received), server.answered, server.prompt_tokens) == (2, 1, 5)


def test_a_client_that_leaves_a_stream_costs_nothing(official: Any) -> None:
    async def use(client: openai.AsyncOpenAI) -> None:
        question: Any = [{"role": "user", "content": "word " * 20_000}]
        stream = await client.chat.completions.create(model="m", messages=question, stream=True)
        async for _ in stream:
            break
        await stream.response.aclose()
        assert (await official.ask(client)).text == official.question

    server = OpenAIServer(Echo())
    official.run(server, use)
    assert (len(server.received), server.answered) == (2, 1)


@SERVERS
def test_a_patient_client_gets_its_answer_at_the_second_try(official: Any, kind: type[ModelServer]) -> None:
    server = kind(Echo(), faults=Faults.first(rate_limited(0.001)), latency_s=0.001)
    assert official.run(server, official.ask, max_retries=1).text == official.question
    assert (len(server.received), server.answered) == (2, 1)


@SERVERS
def test_an_error_of_the_behaviour_reaches_the_client_and_the_test(official: Any, kind: type[ModelServer]) -> None:
    def fail(conversation: Conversation) -> str:
        raise LookupError("no answer in the script")

    async def use(client: Any) -> None:
        with pytest.raises(official.library(kind).InternalServerError, match="LookupError: no answer in the script"):
            await official.ask(client)

    with pytest.raises(LookupError):
        official.run(kind(Scripted(fail)), use)


def test_an_error_of_the_behaviour_leaves_the_thread_of_its_server() -> None:
    class Wrong:
        async def answer(self, conversation: Conversation) -> Reply:
            raise LookupError("no answer in the script")

    def use() -> None:
        with (
            OpenAIServer(Wrong()).in_thread() as server,
            openai.OpenAI(base_url=server.url, api_key="k", max_retries=0) as client,
            pytest.raises(openai.InternalServerError),
        ):
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])

    with pytest.raises(LookupError):
        use()


def test_a_server_stops_while_it_is_asked(official: Any) -> None:
    class Hesitant:
        def __init__(self) -> None:
            self.asked = asyncio.Event()

        async def answer(self, conversation: Conversation) -> Reply:
            self.asked.set()
            await asyncio.sleep(60.0)
            return Reply("at last")

    async def use() -> None:
        behaviour = Hesitant()
        server = OpenAIServer(behaviour)
        async with official.client(server) as client:
            async with server:
                asking = asyncio.create_task(official.ask(client.with_options(base_url=server.url)))
                await behaviour.asked.wait()
            with pytest.raises(openai.APIConnectionError):
                await asking
        assert server.answered == 0

    asyncio.run(use())


def test_faults_come_when_they_should() -> None:
    fault = server_error()
    assert [Faults.first(None, fault).at(number) == fault for number in (1, 2, 3)] == [False, True, False]
    assert [number for number in range(1, 10) if Faults.every(3, fault).at(number) == fault] == [3, 6, 9]
    by_chance = Faults.with_probability(0.3, fault, seed=5)
    met = [by_chance.at(number) == fault for number in range(1, 2001)]
    low, high = binom.interval(0.999, len(met), 0.3)
    assert low <= sum(met) <= high
    assert met == [by_chance.at(number) == fault for number in range(1, 2001)]


def test_faults_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="from 500 to 599"):
        server_error(404)
    with pytest.raises(ValueError, match="at least 1"):
        Faults.every(0, latency(1.0))
    with pytest.raises(ValueError, match="from 0 to 1"):
        Faults.with_probability(1.5, latency(1.0))
