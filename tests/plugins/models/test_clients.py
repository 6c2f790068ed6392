"""What is asked through both clients of model servers, and what comes back, over the loopback interface."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from evolve.messages import Answer, Message, Request
from evolve.testing.servers import (
    Categorical,
    Continuing,
    Conversation,
    Echo,
    Faults,
    Scripted,
    count_tokens,
    empty,
    without_logprobs,
    without_usage,
)

QUESTION = "one two three four"
ASKED = Request.of(QUESTION, max_tokens=100)
PNG, JPEG = b"\x89PNG\r\n\x1a\nno more of it", b"\xff\xd8\xff\xe0no more of it"


def heard(conversation: Conversation) -> str:
    """What a server understood, as the text of an answer, which must not hold its own stop texts."""
    turns = [(message.role, message.text, message.images) for message in conversation.messages]
    return repr([conversation.system, turns, [stop.lower() for stop in conversation.stop], conversation.max_tokens])


def test_an_answer_has_its_text_and_the_tokens_that_the_server_counted(kind: Any, key: str) -> None:
    answer = kind.answer(kind.server(Echo(), key=key), dataclasses.replace(ASKED, system="Be brief."))
    assert (answer.text, answer.choices[0].finish, answer.truncated) == (QUESTION, "stop", False)
    assert answer.prompt_tokens == count_tokens("Be brief.") + count_tokens(QUESTION)
    assert (answer.completion_tokens, answer.cached_tokens) == (count_tokens(QUESTION), 0)
    assert answer.choices[0].logprobs == ()


def test_the_server_hears_all_turns_the_system_the_stops_and_the_limit(kind: Any) -> None:
    turns = (Message("user", "hello"), Message("assistant", "yes?"), Message("user", "go on"))
    request = Request(turns, system="Be brief.", max_tokens=1000, stop=("END", "STOP"))
    said = [("user", "hello", 0), ("assistant", "yes?", 0), ("user", "go on", 0)]
    expected = repr(["Be brief.", said, ["end", "stop"], 1000])
    assert kind.answer(kind.server(Scripted(heard)), request).text == expected


def test_an_answer_that_reaches_its_limit_is_cut_there(kind: Any) -> None:
    answer = kind.answer(kind.server(Echo()), dataclasses.replace(ASKED, max_tokens=2))
    assert (answer.text, answer.truncated) == (QUESTION[:8], True)
    assert answer.choices[0].finish == "length"
    assert answer.completion_tokens == 2


def test_a_stop_text_ends_the_answer_before_it(kind: Any) -> None:
    answer = kind.answer(kind.server(Echo()), dataclasses.replace(ASKED, stop=("three",)))
    assert (answer.text.strip(), answer.choices[0].finish) == ("one two", "stop")


@pytest.mark.parametrize("begun", ["def f", "def f(x): ", "def f(x):\n    return"])
def test_a_prefill_and_its_answer_make_up_the_whole_text(kind: Any, begun: str) -> None:
    whole = "def f(x): pass" if begun.endswith(" ") else "def f(x):\n    return x"
    server = kind.server(Continuing([whole]))
    answer = kind.answer(server, dataclasses.replace(ASKED, prefill=begun), prefill=True)
    assert begun + answer.text == whole
    assert server.received[0]["messages"][-1]["role"] == "assistant"


def test_a_prefill_of_white_space_alone_is_left_to_the_model(kind: Any) -> None:
    answer = kind.answer(kind.server(Continuing(["\n", "x"])), dataclasses.replace(ASKED, prefill="\n"), prefill=True)
    assert answer.text == "x"


def test_servers_of_open_models_are_told_to_continue_only_where_something_is_begun(openai_kind: Any) -> None:
    server = openai_kind.server(Continuing(["begun and ended"]))
    openai_kind.ask(server, ASKED, dataclasses.replace(ASKED, prefill="begun"), prefill=True)
    fields = [(body.get("continue_final_message"), body.get("add_generation_prompt")) for body in server.received]
    assert fields == [(None, None), (True, False)]


def test_images_travel_with_their_kind(kind: Any) -> None:
    server = kind.server(Scripted(heard))
    request = Request((Message("user", "look", (PNG, JPEG)),), max_tokens=100)
    assert repr([("user", "look", 2)]) in kind.answer(server, request).text
    body = repr(server.received[0])
    assert "image/png" in body
    assert "image/jpeg" in body


def test_the_temperature_is_sent_only_where_it_is_set(kind: Any) -> None:
    server = kind.server(Echo())
    kind.ask(server, ASKED, dataclasses.replace(ASKED, temperature=0.0))
    assert [body.get("temperature") for body in server.received] == [None, 0.0]


def test_further_fields_reach_the_server_even_those_that_the_package_does_not_know(kind: Any) -> None:
    server = kind.server(Echo())
    extra = {"top_k": 20, "chat_template_kwargs": {"enable_thinking": False}, "metadata": {"run": "7"}}
    kind.answer(server, extra=extra)
    assert {name: server.received[0].get(name) for name in extra} == extra


def test_an_empty_answer_is_an_answer(kind: Any) -> None:
    answer = kind.answer(kind.server(Echo(), faults=Faults.first(empty())))
    assert (answer.text, answer.choices[0].finish, answer.completion_tokens) == ("", "stop", 0)


def test_tokens_that_the_server_does_not_count_are_unknown(kind: Any) -> None:
    answer = kind.answer(kind.server(Echo(), faults=Faults.first(without_usage())))
    assert answer.text == QUESTION
    assert (answer.prompt_tokens, answer.completion_tokens, answer.cached_tokens) == (None, None, 0)


def test_tokens_from_the_cache_are_part_of_the_prompt(plain_kind: Any) -> None:
    class Caching(plain_kind.server):  # type: ignore[name-defined,misc]
        def _body(self, exchange: Any) -> dict[str, Any]:
            body: dict[str, Any] = super()._body(exchange)
            body["usage"] |= {
                "openai": {"prompt_tokens_details": {"cached_tokens": 4}},
                "anthropic": {"cache_read_input_tokens": 4, "input_tokens": 1},
            }[plain_kind.protocol]
            return body

    answer = plain_kind.answer(Caching(Echo()))
    assert (answer.prompt_tokens, answer.cached_tokens) == (5, 4)


def test_several_answers_to_one_request_are_told_apart_and_counted_together(openai_kind: Any) -> None:
    server = openai_kind.server(Categorical(["yes", "no thanks"], [0.5, 0.5], seed=3))
    answer = openai_kind.answer(server, dataclasses.replace(ASKED, n=12))
    texts = [choice.text for choice in answer.choices]
    assert len(texts) == 12
    assert set(texts) == {"yes", "no thanks"}
    assert answer.completion_tokens == sum(map(count_tokens, texts))


def test_the_same_seed_gets_the_same_answer(openai_kind: Any) -> None:
    words = [f"word{number}" for number in range(50)]
    server = openai_kind.server(Categorical(words, [0.02] * 50))
    answers = openai_kind.ask(server, *(dataclasses.replace(ASKED, seed=seed, n=3) for seed in (7, 8, 7)))
    first, second, third = [tuple(c.text for c in a.choices) for a in answers if isinstance(a, Answer)]
    assert first == third
    assert first != second


def test_log_probabilities_are_the_true_ones_and_alternatives_come_best_first(openai_kind: Any) -> None:
    probability = {"rare bird": 0.2, "common bird": 0.5, "some bird": 0.3}
    server = openai_kind.server(Categorical(list(probability), list(probability.values()), seed=1))
    answer = openai_kind.answer(server, dataclasses.replace(ASKED, n=8, top_logprobs=2))
    for choice in answer.choices:
        first, *others = choice.logprobs
        assert math.isclose(first.logprob, math.log(probability[choice.text]))
        assert first.top == pytest.approx([math.log(0.5), math.log(0.3)])
        assert "".join(token.token for token in choice.logprobs) == choice.text
        assert [token.logprob for token in others] == [0.0]


def test_a_server_that_reports_sampled_tokens_only_is_asked_for_no_alternatives(openai_kind: Any) -> None:
    server = openai_kind.server(Echo())
    answer = openai_kind.answer(server, dataclasses.replace(ASKED, top_logprobs=1), logprobs="sampled")
    assert [token.token for token in answer.choices[0].logprobs] == ["one", " two", " three", " four"]
    assert (server.received[0]["logprobs"], server.received[0].get("top_logprobs")) == (True, None)


def test_log_probabilities_that_do_not_come_are_none(openai_kind: Any) -> None:
    server = openai_kind.server(Echo(), faults=Faults.first(without_logprobs()))
    answer = openai_kind.answer(server, dataclasses.replace(ASKED, top_logprobs=3))
    assert (answer.text, answer.choices[0].logprobs) == (QUESTION, ())


def test_what_a_protocol_does_not_have_is_said_by_its_capabilities(anthropic_kind: Any) -> None:
    capabilities = anthropic_kind.make("http://127.0.0.1:9").capabilities()
    lacking = capabilities.lacks(dataclasses.replace(ASKED, n=2, seed=1, top_logprobs=1, prefill="x"))
    assert lacking == (
        "log probabilities, to continue a begun answer (prefill), several answers to one request (n), a seed"
    )
