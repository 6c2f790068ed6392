"""Doubles of model servers: the official clients talk to them over the loopback interface, at no cost.

    from evolve.testing.servers import Faults, OpenAIServer, Scripted, rate_limited

    server = OpenAIServer(Scripted(lambda asked: asked.question.upper()), faults=Faults.first(rate_limited(0.01)))
    async with server:
        client = openai.AsyncOpenAI(base_url=server.url, api_key="any")

They count tokens by one rule (`count_tokens`), so that a test knows each usage exactly, and keep an account of what
they were asked and what they answered.
"""

from __future__ import annotations

from evolve.testing.servers.anthropic import AnthropicServer
from evolve.testing.servers.behaviours import (
    Behaviour,
    Categorical,
    Continuing,
    Critic,
    Echo,
    Scorer,
    Scripted,
    Steps,
)
from evolve.testing.servers.conversation import (
    Conversation,
    Message,
    Reply,
    TokenLogprob,
    count_tokens,
    first_tokens,
    pieces,
)
from evolve.testing.servers.faults import (
    Fault,
    Faults,
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
from evolve.testing.servers.model_server import ModelServer
from evolve.testing.servers.openai import OpenAIServer

__all__ = [
    "AnthropicServer",
    "Behaviour",
    "Categorical",
    "Continuing",
    "Conversation",
    "Critic",
    "Echo",
    "Fault",
    "Faults",
    "Message",
    "ModelServer",
    "OpenAIServer",
    "Reply",
    "Scorer",
    "Scripted",
    "Steps",
    "TokenLogprob",
    "bad_request",
    "count_tokens",
    "cut_connection",
    "empty",
    "first_tokens",
    "latency",
    "malformed_json",
    "pieces",
    "rate_limited",
    "server_error",
    "slow_headers",
    "truncated",
    "unauthorised",
    "without_logprobs",
    "without_usage",
]
