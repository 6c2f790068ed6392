"""What is said to models and what they answer: plain data that survives a record."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolve.messages import Answer, Capabilities, Choice, Fault, Message, ModelError, Request, TokenLogprob

texts = st.text(st.characters() | st.sampled_from("\ud800\udfff"), max_size=20)  # half characters included
messages = st.builds(
    Message, st.sampled_from(["user", "assistant"]), texts, st.lists(st.binary(max_size=20), max_size=2).map(tuple)
)
requests = st.builds(
    Request,
    messages=st.lists(messages, max_size=4).map(tuple),
    system=texts,
    max_tokens=st.integers(0, 10**6),
    temperature=st.none() | st.floats(0.0, 2.0) | st.integers(0, 2),
    top_logprobs=st.integers(0, 20),
    seed=st.none() | st.integers(-(2**63), 2**63),
    prefill=texts,
    stop=st.lists(texts, max_size=3).map(tuple),
    n=st.integers(1, 128),
)
logprobs = st.floats(max_value=0.0, allow_nan=False)
tokens = st.none() | st.integers(0, 10**9)
answers = st.builds(
    Answer,
    choices=st.lists(
        st.builds(
            Choice,
            texts,
            texts,
            st.lists(
                st.builds(TokenLogprob, texts, logprobs, st.lists(logprobs, max_size=3).map(tuple)), max_size=3
            ).map(tuple),
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    prompt_tokens=tokens,
    completion_tokens=tokens,
    cached_tokens=st.integers(0, 10**9),
    model=texts,
)

ASKED = Request((Message("user", "hello", (b"\x89PNG",)),), temperature=1.0)
CHANGES: list[dict[str, Any]] = [
    {"messages": (Message("user", "hello"),)},
    {"messages": (Message("user", "goodbye", (b"\x89PNG",)),)},
    {"messages": (Message("assistant", "hello", (b"\x89PNG",)),)},
    {"messages": ()},
    {"system": "x"},
    {"max_tokens": 1},
    {"temperature": None},
    {"temperature": 0.5},
    {"top_logprobs": 1},
    {"seed": 0},
    {"prefill": "x"},
    {"stop": ("x",)},
    {"stop": ("x", "y")},
    {"stop": ("xy",)},
    {"n": 2},
]


@given(requests)
def test_a_request_survives_the_record(request_: Request) -> None:
    again = Request.from_plain(json.loads(json.dumps(request_.to_plain())))
    assert again == request_
    assert again.digest("m") == request_.digest("m")


@given(answers)
def test_an_answer_survives_the_record(answer: Answer) -> None:
    again = Answer.from_plain(json.loads(json.dumps(answer.to_plain())))
    assert again == answer
    assert (again.text, again.truncated) == (answer.choices[0].text, answer.choices[0].finish == "length")


@given(requests)
def test_equal_requests_have_equal_digests_of_32_hexadecimal_digits(request_: Request) -> None:
    copy = dataclasses.replace(request_)
    digest = request_.digest("m")
    assert copy.digest("m") == digest != request_.digest("n")
    assert len(bytes.fromhex(digest)) == 16


def test_a_digest_is_the_same_in_every_process_and_version() -> None:
    assert ASKED.digest("openai:m") == "8367a5b294eb93e450e4a22bce69bc76"


@pytest.mark.parametrize("temperatures", [(1, 1.0), (0, 0.0), (0.0, -0.0)])
def test_equal_temperatures_have_equal_digests_however_they_are_written(temperatures: tuple[float, float]) -> None:
    first, second = (dataclasses.replace(ASKED, temperature=t) for t in temperatures)
    assert first == second
    assert first.digest("m") == second.digest("m")


def test_whatever_changes_in_a_request_changes_its_digest() -> None:
    assert {name for change in CHANGES for name in change} == {field.name for field in dataclasses.fields(Request)}
    changed = [dataclasses.replace(ASKED, **change).digest("m") for change in CHANGES]
    assert len({*changed, ASKED.digest("m"), ASKED.digest("n")}) == len(changed) + 2


def test_a_request_of_one_text_is_a_question_by_the_user() -> None:
    assert Request.of("hello", n=2) == Request((Message("user", "hello"),), n=2)


def able(**can: Any) -> Capabilities:
    return Capabilities(**can)


@pytest.mark.parametrize(
    ("wanted", "without", "with_"),
    [
        ({"top_logprobs": 1}, able(), able(logprobs="sampled")),
        ({"top_logprobs": 2}, able(logprobs="sampled"), able(logprobs="top_k", top_k=2)),
        ({"top_logprobs": 6}, able(logprobs="top_k", top_k=5), able(logprobs="top_k", top_k=20)),
        ({"top_logprobs": 6}, able(logprobs="none"), able(logprobs="top_k")),
        ({"prefill": "x"}, able(), able(prefill=True)),
        ({"n": 2}, able(), able(several=True)),
        ({"seed": 0}, able(), able(seed=True)),
        ({"system": "x"}, able(system=False), able()),
        ({"messages": (Message("user", "x"), Message("user", "y", (b"png",)))}, able(), able(images=True)),
    ],
    ids=str,
)
def test_a_model_lacks_what_it_does_not_say_it_can(wanted: dict[str, Any], without: Any, with_: Any) -> None:
    request = dataclasses.replace(Request.of("hello"), **wanted)
    assert without.lacks(request)
    assert with_.lacks(request) == ""


def test_what_a_model_lacks_is_listed_in_words() -> None:
    request = Request.of("hello", top_logprobs=5, seed=0, n=3, system="x", prefill="y")
    assert Capabilities(system=False).lacks(request) == (
        "log probabilities, to continue a begun answer (prefill), several answers to one request (n), a seed, "
        "a system role"
    )
    assert Capabilities(logprobs="sampled").lacks(Request.of("x", top_logprobs=5)) == "5 alternatives per token"
    assert Capabilities().lacks(Request.of("hello", temperature=0.0, stop=("x",), max_tokens=9)) == ""


@given(st.sampled_from(Fault), st.text(max_size=40))
def test_why_there_is_no_answer_is_one_line_that_stays_the_same(fault: Fault, detail: str) -> None:
    error = ModelError(fault, detail, 3.0)
    assert len(str(error).splitlines()) == 1
    assert str(error).isprintable()
    assert str(ModelError(Fault(str(fault)), error.detail)) == str(error)
    assert (error.fault, error.retry_after_s) == (fault, 3.0)


def test_an_ordinary_detail_is_kept_as_it_is() -> None:
    assert str(ModelError(Fault.KEY, "look at K – it is ‘wrong’")) == "key refused: look at K – it is ‘wrong’"
    assert str(ModelError(Fault.KEY, "")) == "key refused"
