"""The doubles of model servers, as the official clients see them."""

from __future__ import annotations

import asyncio
import math
import threading
from typing import Any

import anthropic
import openai
import pytest

from evolve.testing.servers import (
    AnthropicServer,
    Categorical,
    Continuing,
    Conversation,
    Echo,
    Message,
    ModelServer,
    OpenAIServer,
    Reply,
    Scripted,
    count_tokens,
    first_tokens,
    pieces,
)
from evolve.testing.servers.http import Response

PLAIN_OR_STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
SERVERS = pytest.mark.parametrize("kind", [OpenAIServer, AnthropicServer])


def chat(*turns: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"role": role, "content": content} for role, content in turns]


@SERVERS
@PLAIN_OR_STREAMED
def test_an_answer_arrives_whole_and_is_accounted_for(official: Any, kind: type[ModelServer], stream: bool) -> None:
    server = kind(Scripted(lambda conversation: f"you said: {conversation.question}\nzwölf ✓\n"))
    seen = official.once(server, chat(("user", "hi"), ("assistant", "ho"), ("user", "hey")), stream=stream)
    assert seen.text == "you said: hey\nzwölf ✓\n"
    assert (server.answered, server.prompt_tokens) == (1, sum(map(count_tokens, ("hi", "ho", "hey"))))
    assert server.completion_tokens == count_tokens(seen.text)
    assert [body["messages"][-1]["content"] for body in server.received] == ["hey"]


def test_usage_is_exact(official: Any) -> None:
    system = chat(("system", "be brief"), ("user", official.question))
    expected = (count_tokens("be brief") + count_tokens(official.question), count_tokens(official.question))
    usage = official.once(OpenAIServer(Echo()), system).raw.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (*expected, sum(expected))
    options = {"include_usage": True}
    *_, last = official.once(OpenAIServer(Echo()), system, stream=True, stream_options=options).raw
    assert (last.choices, last.usage.prompt_tokens, last.usage.completion_tokens) == ([], *expected)
    assert all(chunk.usage is None for chunk in official.once(OpenAIServer(Echo()), stream=True).raw)
    usage = official.once(AnthropicServer(Echo()), system="be brief").raw.usage
    assert (usage.input_tokens, usage.output_tokens) == expected


def test_the_high_level_stream_of_the_client_puts_the_message_together(official: Any) -> None:
    async def use(client: anthropic.AsyncAnthropic) -> None:
        question: Any = chat(("user", official.question))
        async with client.messages.stream(model="m", max_tokens=99, messages=question) as stream:
            parts = [part async for part in stream.text_stream]
            message = await stream.get_final_message()
        assert parts == pieces(official.question)
        assert ("".join(parts), message.stop_reason) == (official.question, "end_turn")
        assert (message.usage.input_tokens, message.usage.output_tokens) == (5, 5)

    official.run(AnthropicServer(Echo()), use)


LIMITS = [
    (OpenAIServer, {"max_tokens": 2}, "one two ", "length"),
    (OpenAIServer, {"max_tokens": 5}, "one two three four", "stop"),
    (OpenAIServer, {"max_completion_tokens": 1, "stop": "three"}, "one ", "length"),
    (OpenAIServer, {"stop": ["four", " three"]}, "one two", "stop"),
    (AnthropicServer, {"max_tokens": 2}, "one two ", "max_tokens"),
    (AnthropicServer, {"max_tokens": 5}, "one two three four", "end_turn"),
    (AnthropicServer, {"stop_sequences": ["four", " three"]}, "one two", "stop_sequence"),
]


@PLAIN_OR_STREAMED
@pytest.mark.parametrize(("kind", "more", "text", "finish"), LIMITS)
def test_limits_end_an_answer(
    official: Any, kind: type[ModelServer], more: dict[str, Any], text: str, finish: str, stream: bool
) -> None:
    seen = official.once(kind(Echo()), stream=stream, **more)
    assert (seen.text, seen.finish) == (text, finish)


def test_a_limit_in_the_middle_of_a_character_leaves_the_character_out() -> None:
    assert first_tokens("✓✓✓", 1) == "✓"
    assert [count_tokens(first_tokens("✓✓✓", count)) for count in range(5)] == [0, 1, 2, 3, 3]


@SERVERS
def test_a_last_message_by_the_assistant_is_continued(official: Any, kind: type[ModelServer]) -> None:
    server = kind(Continuing(["alpha ", "beta ", "gamma"]))
    assert official.once(server).text == "alpha beta gamma"
    assert official.once(server, chat(("user", "q"), ("assistant", "alpha beta"))).text == " gamma"
    assert server.prompt_tokens == sum(map(count_tokens, (official.question, "q", "alpha beta")))


def test_images_reach_the_behaviour_as_a_number(official: Any) -> None:
    asked: list[Conversation] = []
    behaviour = Scripted(lambda conversation: asked.append(conversation) or "seen")
    text = {"type": "text", "text": "look"}
    url = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    source = {"type": "base64", "media_type": "image/png", "data": "AA=="}
    official.once(OpenAIServer(behaviour), [{"role": "user", "content": [text, url]}])
    image = {"type": "image", "source": source}
    official.once(AnthropicServer(behaviour), [{"role": "user", "content": [image, text]}])
    assert [conversation.messages for conversation in asked] == [(Message("user", "look", images=1),)] * 2


@PLAIN_OR_STREAMED
def test_several_answers_come_from_one_request(official: Any, stream: bool) -> None:
    server = OpenAIServer(Scripted(lambda conversation: f"sample {conversation.sample} of {conversation.n}"))
    raw = official.once(server, n=3, stream=stream).raw
    texts = ["", "", ""]
    for choice in [choice for chunk in raw for choice in chunk.choices] if stream else raw.choices:
        texts[choice.index] += (choice.delta if stream else choice.message).content or ""
    assert texts == ["sample 0 of 3", "sample 1 of 3", "sample 2 of 3"]
    assert (server.answered, server.completion_tokens) == (1, sum(map(count_tokens, texts)))


@PLAIN_OR_STREAMED
def test_log_probabilities_are_the_true_ones(official: Any, stream: bool) -> None:
    behaviour = Categorical(["rare one", "common other answer", "never"], [0.2, 0.8, 0.0], seed=3)
    seen = official.once(OpenAIServer(behaviour), logprobs=True, top_logprobs=5, stream=stream)
    choices = [chunk.choices[0] for chunk in seen.raw] if stream else seen.raw.choices
    tokens = [token for choice in choices if choice.logprobs for token in choice.logprobs.content]
    assert [token.token for token in tokens] == pieces(seen.text)
    true = [math.log(behaviour.probability(seen.text)), *[0.0] * (len(tokens) - 1)]
    assert [token.logprob for token in tokens] == true
    top = [(entry.token, math.exp(entry.logprob)) for entry in tokens[0].top_logprobs]
    assert top == [("common", pytest.approx(0.8)), ("rare", pytest.approx(0.2))]


def test_log_probabilities_are_cut_with_the_answer_and_absent_when_not_asked_for(official: Any) -> None:
    content = official.once(OpenAIServer(Echo()), logprobs=True, max_tokens=2).raw.choices[0].logprobs.content
    assert [token.token for token in content] == ["one", " two", " "]
    assert content[0].top_logprobs == []
    assert official.once(OpenAIServer(Echo())).raw.choices[0].logprobs is None


def test_the_same_seed_gets_the_same_answer_in_any_order(official: Any) -> None:
    async def use(client: Any) -> dict[int, str]:
        seen = await asyncio.gather(*(official.ask(client, seed=seed) for seed in order))
        return {seed: answer.text for seed, answer in zip(order, seen, strict=True)}

    order = list(range(20))
    first = official.run(OpenAIServer(Categorical(["a", "b"], [0.5, 0.5])), use)
    assert set(first.values()) == {"a", "b"}
    order.reverse()
    assert official.run(OpenAIServer(Categorical(["a", "b"], [0.5, 0.5])), use) == first


@SERVERS
def test_keys_and_model_names_are_checked(official: Any, kind: type[ModelServer]) -> None:
    library = official.library(kind)
    with pytest.raises(library.AuthenticationError):
        official.once(kind(Echo(), key="secret"))
    assert official.once(kind(Echo(), key="k", models=("m", "other"))).text == official.question
    with pytest.raises(library.NotFoundError, match="the model 'm' does not exist"):
        official.once(kind(Echo(), models=("other",)))

    async def use(client: Any) -> list[str]:
        return [model.id async for model in client.models.list()]

    assert official.run(kind(Echo(), models=("m", "other")), use) == ["m", "other"]


WRONG = [
    (OpenAIServer, {"n": 0}, "n is 0; it must be from 1 to 128"),
    (OpenAIServer, {"max_tokens": 0}, "max_tokens is 0; it must be at least 1"),
    (OpenAIServer, {"seed": "x"}, "seed must be a whole number"),
    (OpenAIServer, {"top_logprobs": 3}, "top_logprobs needs logprobs"),
    (OpenAIServer, {"messages": []}, "at least one message"),
    (AnthropicServer, {"messages": chat(("system", "s"))}, "the role of a message must be one of user, assistant"),
    (AnthropicServer, {"messages": chat(("user", "q"), ("assistant", "a "))}, "trailing whitespace"),
    (AnthropicServer, {"extra_headers": {"anthropic-version": anthropic.Omit()}}, "header is required"),
]


@pytest.mark.parametrize(("kind", "more", "message"), WRONG)
def test_a_wrong_request_is_refused(official: Any, kind: type[ModelServer], more: dict[str, Any], message: str) -> None:
    with pytest.raises(official.library(kind).BadRequestError, match=message):
        official.once(kind(Echo()), **more)


@SERVERS
def test_one_connection_serves_one_request_after_the_other(official: Any, kind: type[ModelServer]) -> None:
    async def use(client: Any) -> None:
        for stream in (False, True, False, True):
            await official.ask(client, stream=stream)

    server = kind(Echo())
    official.run(server, use)
    assert (server.answered, server.connections, server.in_flight_peak) == (4, 1, 1)


class Meeting:
    """Answers when so many questions are there at once."""

    def __init__(self, count: int) -> None:
        self.barrier = asyncio.Barrier(count)

    async def answer(self, conversation: Conversation) -> Reply:
        await self.barrier.wait()
        return Reply(conversation.question)


@SERVERS
def test_a_hundred_requests_are_answered_at_once(official: Any, kind: type[ModelServer]) -> None:
    async def use(client: Any) -> list[str]:
        questions = [chat(("user", f"question {number}")) for number in range(100)]
        return [seen.text for seen in await asyncio.gather(*(official.ask(client, q) for q in questions))]

    server = kind(Meeting(100))
    assert official.run(server, use) == [f"question {number}" for number in range(100)]
    assert (server.answered, server.in_flight_peak) == (100, 100)


def test_a_server_in_a_thread_serves_a_blocking_client() -> None:
    before = threading.active_count()
    with OpenAIServer(Echo()).in_thread() as server, openai.OpenAI(base_url=server.url, api_key="k") as client:
        answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
        assert (answer.choices[0].message.content, server.answered) == ("hello", 1)
    assert threading.active_count() == before


def test_head_and_body_leave_in_one_write() -> None:
    assert Response(b"body").writes(keep_alive=True) == [
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: keep-alive\r\n\r\nbody"
    ]
    assert len(Response((b"one", b"two", b"three")).writes(keep_alive=True)) == 3


def test_requests_may_come_in_any_pieces() -> None:
    async def use(server: ModelServer) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.split(":")[2].partition("/")[0]))
        wire = b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\nGET /models?x HTTP/1.1\r\nConnection: close\r\n\r\n"
        for at in range(0, len(wire), 7):
            writer.write(wire[at : at + 7])
            await writer.drain()
            await asyncio.sleep(0)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer

    async def serve() -> bytes:
        async with OpenAIServer(Echo(), models=("m",)) as server:
            return await use(server)

    assert asyncio.run(serve()).count(b'"id":"m"') == 2
