"""Before a client of a model server is asked: keys, addresses, packages."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from evolve.client import ModelClient
from evolve.errors import PluginError
from evolve.messages import Fault, ModelError, Request
from evolve.testing.servers import AnthropicServer, Echo, OpenAIServer
from evolve_plugins.models.anthropic import Anthropic
from evolve_plugins.models.openai import OpenAI

KEY = "sk-test-4711-do-not-show"
BOTH = pytest.mark.parametrize(
    ("client", "server", "name"),
    [(OpenAI, OpenAIServer, "OPENAI"), (Anthropic, AnthropicServer, "ANTHROPIC")],
    ids=["openai", "anthropic"],
)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI", "ANTHROPIC"):
        monkeypatch.delenv(f"{name}_API_KEY", raising=False)
        monkeypatch.delenv(f"{name}_BASE_URL", raising=False)


def start(client: ModelClient) -> None:
    async def use() -> None:
        try:
            await client.start()
        finally:
            await client.close()

    asyncio.run(use())


def ask(client: ModelClient, **settings: Any) -> str:
    async def use() -> str:
        await client.start()
        try:
            return (await client.answer(Request.of("hello", **{"max_tokens": 100, **settings}))).text
        finally:
            await client.close()

    return asyncio.run(use())


@BOTH
def test_a_missing_key_is_known_by_the_name_of_its_variable(client: Any, server: Any, name: str) -> None:
    with pytest.raises(ModelError, match=f"the environment variable {name}_API_KEY is not set") as seen:
        start(client("m"))
    assert seen.value.fault is Fault.KEY


@BOTH
def test_a_server_of_ones_own_needs_no_key(client: Any, server: Any, name: str) -> None:
    with server(Echo()).in_thread() as running:
        start(client("m", base_url=running.url))


@BOTH
@pytest.mark.parametrize("key", ["sk-test\nsecond-line", "sk-tést", "sk-test\x07"])
def test_what_cannot_be_a_key_is_refused_without_showing_it(
    client: Any, server: Any, name: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{name}_API_KEY", key)
    with pytest.raises(ModelError, match=f"what the environment variable {name}_API_KEY holds is no key") as seen:
        start(client("m"))
    assert seen.value.fault is Fault.KEY
    assert "sk-t" not in str(seen.value)


@BOTH
def test_white_space_around_a_key_is_not_part_of_it(
    client: Any, server: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{name}_API_KEY", f" {KEY}\n")
    with server(Echo(), key=KEY).in_thread() as running:
        monkeypatch.setenv(f"{name}_BASE_URL", running.url)
        made = client("m")
        assert made.address == running.url
        assert ask(made) == "hello"
        assert KEY not in f"{made!r} {made!s}"


@BOTH
def test_a_missing_package_is_known_by_the_extra_that_brings_it(
    client: Any, server: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name.lower(), None)
    with pytest.raises(PluginError, match=r"install evolve-engine\[models\]"):
        start(client("m"))


@BOTH
def test_a_client_that_was_never_started_can_be_closed(client: Any, server: Any, name: str) -> None:
    asyncio.run(client("m").close())


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_limit_goes_by_the_name_that_the_server_knows(name: Any) -> None:
    with OpenAIServer(Echo()).in_thread() as server:
        assert ask(OpenAI("m", base_url=server.url, token_field=name)) == "hello"
    assert {key for key in server.received[0] if key.startswith("max_")} == {name}


@BOTH
def test_a_long_answer_may_come_in_one_piece(client: Any, server: Any, name: str) -> None:
    with server(Echo()).in_thread() as running:
        assert ask(client("m", base_url=running.url, stream=False), max_tokens=100_000) == "hello"


@BOTH
def test_what_a_model_can_do_follows_its_settings(client: Any, server: Any, name: str) -> None:
    able, unable = client("m", longest=500, prefill=True).capabilities(), client("m", images=False).capabilities()
    assert (able.max_tokens, able.prefill, able.images, able.system) == (500, True, True, True)
    assert (unable.max_tokens, unable.prefill, unable.images) == (None, False, False)
    assert not client("m").local


def test_log_probabilities_are_those_that_the_server_reports() -> None:
    found = [OpenAI("m", logprobs=kind).capabilities() for kind in ("none", "sampled", "top_k")]
    assert [(able.logprobs, able.top_k) for able in found] == [("none", 0), ("sampled", 0), ("top_k", 20)]
