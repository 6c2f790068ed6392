"""Asking a double of a model server through the official client library of its protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pytest

from evolve.testing.servers import ModelServer, OpenAIServer


@dataclass(frozen=True)
class Seen:
    """What a client saw: the text, why it ended, and the client's own answer or list of stream events."""

    text: str
    finish: str
    raw: Any


@dataclass(frozen=True)
class Official:
    """The official clients, by server."""

    question: str = "one two three four"

    def library(self, server: ModelServer | type[ModelServer]) -> Any:
        """Return the client library of a server's protocol."""
        kind = server if isinstance(server, type) else type(server)
        return openai if issubclass(kind, OpenAIServer) else anthropic

    @asynccontextmanager
    async def client(self, server: ModelServer, **options: Any) -> AsyncIterator[Any]:
        """Open a client that does not try again."""
        library = self.library(server)
        make = library.AsyncOpenAI if library is openai else library.AsyncAnthropic
        async with make(base_url=server.url, **{"api_key": "k", "max_retries": 0, **options}) as client:
            yield client

    async def ask(self, client: Any, messages: Any = None, *, stream: bool = False, **more: Any) -> Seen:
        """Ask for one answer."""
        question = [{"role": "user", "content": self.question}]
        asked = {"model": "m", "messages": question if messages is None else messages, "stream": stream, **more}
        if isinstance(client, openai.AsyncOpenAI):
            answer = await client.chat.completions.create(**asked)
            return _seen_chunks([chunk async for chunk in answer]) if stream else _seen_completion(answer)
        answer = await client.messages.create(**{"max_tokens": 1000, **asked})
        return _seen_events([event async for event in answer]) if stream else _seen_message(answer)

    def run(self, server: ModelServer, use: Callable[[Any], Awaitable[Any]], **options: Any) -> Any:
        """Serve while a client is used."""

        async def serve() -> Any:
            async with server, self.client(server, **options) as client:
                return await use(client)

        return asyncio.run(serve())

    def once(self, server: ModelServer, messages: Any = None, **more: Any) -> Seen:
        """Serve one question."""
        seen: Seen = self.run(server, lambda client: self.ask(client, messages, **more))
        return seen


@pytest.fixture
def official() -> Official:
    return Official()


def _seen_completion(answer: Any) -> Seen:
    choice = answer.choices[0]
    return Seen(choice.message.content, choice.finish_reason, answer)


def _seen_chunks(chunks: list[Any]) -> Seen:
    choices = [choice for chunk in chunks for choice in chunk.choices]
    finish = next(choice.finish_reason for choice in choices if choice.finish_reason)
    return Seen("".join(choice.delta.content or "" for choice in choices), finish, chunks)


def _seen_message(answer: Any) -> Seen:
    return Seen("".join(block.text for block in answer.content), answer.stop_reason, answer)


def _seen_events(events: list[Any]) -> Seen:
    finish = next(event.delta.stop_reason for event in events if event.type == "message_delta")
    return Seen("".join(e.delta.text for e in events if e.type == "content_block_delta"), finish, events)
