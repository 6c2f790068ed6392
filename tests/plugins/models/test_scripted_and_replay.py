"""Answers from a script, from a folder, and from another run's record."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from evolve.client import ModelClient
from evolve.ledger import Ledger
from evolve.messages import Answer, Bill, Choice, Fault, Message, ModelError, Request, TokenLogprob
from evolve_plugins.models.replay import RecordedAnswers
from evolve_plugins.models.scripted import Scripted

ASKED = Request.of("what now?", system="Be brief.")


def ask(client: ModelClient, *requests: Request) -> list[Answer | ModelError]:
    """Start a client, and ask one request after the other."""

    async def use() -> list[Answer | ModelError]:
        answers: list[Answer | ModelError] = []
        await client.start()
        for request in requests:
            try:
                answers.append(await client.answer(request))
            except ModelError as error:
                answers.append(error)
        await client.close()
        return answers

    return asyncio.run(use())


def texts(answers: Sequence[Answer | ModelError]) -> list[str]:
    return [str(answer) if isinstance(answer, ModelError) else answer.text for answer in answers]


def script(folder: Path, code: str, name: str = "script.py") -> str:
    (folder / name).write_text(code, encoding="utf-8")
    return f"{folder / name}:answer"


# --- scripted ---------------------------------------------------------------------------------------------------------


def test_a_function_of_a_file_answers_and_sees_the_whole_request(tmp_path: Path) -> None:
    place = script(tmp_path, "def answer(request):\n    return request.system + request.messages[-1].text.upper()\n")
    (answer,) = ask(Scripted(place), ASKED)
    assert isinstance(answer, Answer)
    assert answer.text == "Be brief.WHAT NOW?"
    assert (answer.prompt_tokens, answer.completion_tokens) == (5, 5)  # one per four bytes, rounded up


def test_a_function_of_an_installed_module_answers() -> None:
    assert texts(ask(Scripted("textwrap:shorten"), ASKED))[0].startswith("malformed answer: textwrap:shorten raised")
    assert texts(ask(Scripted("builtins:ascii"), ASKED)) == [ascii(ASKED)]


def test_a_script_keeps_its_state_between_requests(tmp_path: Path) -> None:
    place = script(tmp_path, "said = []\ndef answer(request):\n    said.append(1)\n    return str(len(said))\n")
    client = Scripted(place)
    assert texts(ask(client, ASKED, ASKED)) == ["1", "2"]
    assert texts(ask(client, ASKED)) == ["1"]  # each start is a new beginning


def test_a_script_may_answer_with_log_probabilities_and_several_choices(tmp_path: Path) -> None:
    place = script(
        tmp_path,
        "from evolve.messages import Answer, Choice, TokenLogprob\n"
        "def answer(request):\n"
        "    return Answer((Choice('a', logprobs=(TokenLogprob('a', -0.5, (-0.5,)),)), Choice('b', 'length')), 3, 2)\n",
    )
    expected = Answer((Choice("a", "stop", (TokenLogprob("a", -0.5, (-0.5,)),)), Choice("b", "length")), 3, 2)
    assert ask(Scripted(place), ASKED) == [expected]


def test_several_answers_are_copies_of_one(tmp_path: Path) -> None:
    place = script(tmp_path, "def answer(request):\n    return 'four'\n")
    (answer,) = ask(Scripted(place), dataclasses.replace(ASKED, n=3))
    assert isinstance(answer, Answer)
    assert [choice.text for choice in answer.choices] == ["four"] * 3
    assert answer.completion_tokens == 3


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("raise ValueError('two\\nlines')", "malformed answer: {place} raised ValueError: two lines"),
        ("return None", "malformed answer: {place} answered None, which is neither text nor an Answer"),
        ("return 7", "malformed answer: {place} answered 7, which is neither text nor an Answer"),
        ("return m.Answer(())", "malformed answer: {place} answered Answer(choices=(), "),
        ("raise m.ModelError(m.Fault.RATE, 'slower', 3.0)", "rate limit: slower"),
    ],
)
def test_a_script_that_does_not_answer_is_a_fault_in_one_line(tmp_path: Path, body: str, line: str) -> None:
    place = script(tmp_path, f"import evolve.messages as m\ndef answer(request):\n    {body}\n")
    (said,) = texts(ask(Scripted(place), ASKED))
    assert said.startswith(line.format(place=place))
    assert "\n" not in said


def test_half_a_character_does_not_stop_a_script(tmp_path: Path) -> None:
    place = script(tmp_path, "def answer(request):\n    return request.messages[0].text\n")
    assert texts(ask(Scripted(place), Request.of("\ud800"))) == ["\ud800"]


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("nowhere", "write script.py:function, package.module:function, or a folder of answers"),
        ("no_such_module_4711:answer", "No module named 'no_such_module_4711'"),
        ("nowhere.py:answer", "No such file or directory"),
        ("json:no_such_function", "there is no function no_such_function()"),
        ("EMPTY", "the folder is empty"),
        ("BROKEN", "expected ':' (script.py, line 1)"),
    ],
)
def test_a_script_that_is_not_there_is_known_before_the_run(tmp_path: Path, place: str, line: str) -> None:
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "EMPTY" / ".hidden").write_text("not an answer", encoding="utf-8")
    places = {"EMPTY": str(tmp_path / "EMPTY"), "BROKEN": script(tmp_path, "def answer(request) return 1\n")}
    with pytest.raises(ModelError, match="not found: no answers in ") as seen:
        ask(Scripted(places.get(place, place)))
    assert line in str(seen.value)
    assert "\n" not in str(seen.value)


def test_files_of_a_folder_are_the_answers_in_turn_and_begin_anew(tmp_path: Path) -> None:
    for name, text in {"2.txt": "second\n", "1.md": "first", ".gitkeep": ""}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "3.folder").mkdir()
    assert texts(ask(Scripted(str(tmp_path)), ASKED, ASKED, ASKED)) == ["first", "second\n", "first"]


def test_a_scripted_answer_takes_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    place = script(tmp_path, "def answer(request):\n    return 'x'\n")
    ask(Scripted(place), ASKED)
    ask(Scripted(place, latency_s=3600.0), ASKED)
    assert slept == [3600.0]


# --- replay -----------------------------------------------------------------------------------------------------------


def record(folder: Path, *calls: tuple[Request, Answer | ModelError | None]) -> str:
    """Write a run that asked these requests, one step each."""
    ledger = Ledger.create(folder, {})
    for step, (request, answer) in enumerate(calls):
        number = ledger.add_request(step, 0, "some:model", request)
        if answer is not None:
            ledger.add_answer(number, answer, Bill(), 0.0)
    ledger.close()
    return str(folder)


def said(text: str) -> Answer:
    return Answer((Choice(text, "length", (TokenLogprob(text, -1.0, (-1.0, -2.0)),)),), 3, 1, 2, "some:model")


def test_the_same_conversation_gets_the_same_answers_in_their_order(tmp_path: Path) -> None:
    other = Request((Message("user", "look", (b"\x89PNG",)), Message("assistant", "yes"), Message("user", "and?")))
    folder = record(tmp_path / "run", (ASKED, said("a")), (other, said("b")), (ASKED, said("c")))
    assert ask(RecordedAnswers(folder), other, ASKED, ASKED) == [said("b"), said("a"), said("c")]


def test_how_a_conversation_was_sampled_does_not_matter_but_the_number_of_answers_does(tmp_path: Path) -> None:
    folder = record(tmp_path / "run", (ASKED, said("a")), (dataclasses.replace(ASKED, n=2), said("b")))
    hot = dataclasses.replace(ASKED, temperature=2.0, max_tokens=7, seed=1, stop=("x",), top_logprobs=3)
    assert texts(ask(RecordedAnswers(folder), hot, dataclasses.replace(hot, n=2))) == ["a", "b"]


@pytest.mark.parametrize(
    "changes",
    [{"system": ""}, {"prefill": "x"}, {"n": 2}, {"messages": (Message("user", "what now?", (b"\x89PNG",)),)}],
    ids=str,
)
def test_a_conversation_that_the_run_did_not_have_is_a_fault(tmp_path: Path, changes: dict[str, object]) -> None:
    folder = record(tmp_path / "run", (ASKED, said("a")))
    (error,) = ask(RecordedAnswers(folder), dataclasses.replace(ASKED, **changes))  # type: ignore[arg-type]
    assert isinstance(error, ModelError)
    assert error.fault is Fault.UNRECORDED
    assert folder in error.detail


def test_a_conversation_that_comes_too_often_is_a_fault(tmp_path: Path) -> None:
    folder = record(tmp_path / "run", (ASKED, said("a")))
    first, second = ask(RecordedAnswers(folder), ASKED, ASKED)
    assert first == said("a")
    assert isinstance(second, ModelError)
    assert second.fault is Fault.UNRECORDED


def test_what_failed_or_was_not_answered_is_passed_over(tmp_path: Path) -> None:
    failed = ModelError(Fault.TIMEOUT, "no answer within 3 s")
    folder = record(tmp_path / "run", (ASKED, None), (ASKED, failed), (ASKED, said("a")))
    assert texts(ask(RecordedAnswers(folder), ASKED)) == ["a"]


def test_a_folder_without_a_run_is_known_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not found: no run folder at"):
        ask(RecordedAnswers(str(tmp_path / "nowhere")))
    with pytest.raises(ModelError, match=r"not found: .* holds no run"):
        ask(RecordedAnswers(str(tmp_path)))


def test_both_are_local_and_can_do_whatever_is_asked(tmp_path: Path) -> None:
    wanted = Request(
        (Message("user", "look", (b"\x89PNG",)),), system="s", top_logprobs=20, seed=1, prefill="x", n=5, stop=("y",)
    )
    for client in (Scripted("json:dumps"), RecordedAnswers(str(tmp_path))):
        assert client.local
        assert client.address == ""
        assert client.capabilities().lacks(wanted) == ""
