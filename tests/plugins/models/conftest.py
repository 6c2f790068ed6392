"""Both clients of model servers, plain and streaming, each with the double of its server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from evolve.client import ModelClient
from evolve.messages import Answer, ModelError, Request
from evolve.testing.servers import AnthropicServer, ModelServer, OpenAIServer
from evolve_plugins.models.anthropic import Anthropic
from evolve_plugins.models.openai import OpenAI

KEY_VARIABLE = "A_KEY_OF_THE_TESTS"
ASKED = Request.of("one two three four", max_tokens=100)


@dataclass(frozen=True)
class Kind:
    """A client with the server that it talks to."""

    client: type[Any]
    server: type[ModelServer]
    stream: bool

    @property
    def protocol(self) -> str:
        return str(self.client.__name__).lower()

    def __str__(self) -> str:
        return self.protocol + ("-streaming" if self.stream else "")

    def make(self, url: str, **settings: Any) -> ModelClient:
        made: ModelClient = self.client("m", base_url=url, api_key_env=KEY_VARIABLE, stream=self.stream, **settings)
        return made

    def ask(self, server: ModelServer, *requests: Request, **settings: Any) -> list[Answer | ModelError]:
        """Ask one request after the other, and return the answers or why there was none."""

        async def use() -> list[Answer | ModelError]:
            async with server:
                client = self.make(server.url, **settings)
                await client.start()
                try:
                    return [await self.outcome(client, request) for request in requests]
                finally:
                    await client.close()

        return asyncio.run(use())

    def answer(self, server: ModelServer, request: Request = ASKED, **settings: Any) -> Answer:
        (found,) = self.ask(server, request, **settings)
        assert isinstance(found, Answer)
        return found

    def refusal(self, server: ModelServer, request: Request = ASKED, **settings: Any) -> ModelError:
        (found,) = self.ask(server, request, **settings)
        assert isinstance(found, ModelError)
        return found

    async def outcome(self, client: ModelClient, request: Request = ASKED) -> Answer | ModelError:
        try:
            return await client.answer(request)
        except ModelError as error:
            return error


OPENAI = [Kind(OpenAI, OpenAIServer, False), Kind(OpenAI, OpenAIServer, True)]
ANTHROPIC = [Kind(Anthropic, AnthropicServer, False), Kind(Anthropic, AnthropicServer, True)]


@pytest.fixture(params=OPENAI + ANTHROPIC, ids=str)
def kind(request: pytest.FixtureRequest) -> Any:
    """All four."""
    return request.param


@pytest.fixture(params=OPENAI, ids=str)
def openai_kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=ANTHROPIC, ids=str)
def anthropic_kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=[OPENAI[0], ANTHROPIC[0]], ids=str)
def plain_kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=[OPENAI[1], ANTHROPIC[1]], ids=str)
def streaming_kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """The key that the clients send."""
    monkeypatch.setenv(KEY_VARIABLE, "sk-test-4711-do-not-show")
    return "sk-test-4711-do-not-show"
