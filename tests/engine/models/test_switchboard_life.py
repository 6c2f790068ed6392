"""Which model is asked, when a run ends for want of money or models, and what happens at its beginning and its end."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from typing import Any

import pytest
from scipy.stats import binom

from evolve.errors import ConfigError
from evolve.messages import Capabilities, Fault, ModelError, Request

ASKED = Request.of("hello", max_tokens=10)


# --- who is asked -----------------------------------------------------------------------------------------------------


def test_models_are_drawn_by_weight_and_the_same_way_each_time(office: Any, actor: Any) -> None:
    weights = {"x:a": 1.0, "x:b": 2.0, "x:c": 5.0}

    async def draw(board: Any) -> list[str]:
        return [(await board.desk(step).ask(ASKED)).model for step in range(1200)]

    drawn = office.run(draw(office.board({name: (actor(), {"weight": w}) for name, w in weights.items()})))
    for name, count in Counter(drawn).items():
        low, high = binom.interval(0.999, len(drawn), weights[name] / 8.0)
        assert low <= count <= high
    assert [call.model for call in office.calls] == drawn


def test_the_draw_follows_the_seed_the_step_and_the_place_alone(office: Any, actor: Any) -> None:
    async def draw(seed: int, first: int) -> list[str]:
        board = office.board({f"x:{n}": actor() for n in range(10)}, seed=seed)
        desks = [board.desk(step) for step in range(first, first + 10)]
        return [(await desk.ask(ASKED)).model for desk in desks for _ in range(3)]

    first = office.run(draw(1, 0))
    office.ledger.discard()
    office.ledger = type(office.ledger).create(office.folder, {})
    assert office.run(draw(1, 0)) == first
    assert len({*map(tuple, (first, office.run(draw(1, 100)), office.run(draw(2, 200))))}) == 3
    assert len({tuple(first[n : n + 3]) for n in range(0, 30, 3)}) > 5


def test_a_model_that_is_named_is_asked_and_what_is_left_open_is_its_tables(office: Any, actor: Any) -> None:
    able = Capabilities(max_tokens=100)
    board = office.board({"x:a": actor(), "x:b": (actor(able=able), {"max_tokens": 300, "temperature": 0.5})})

    async def use() -> None:
        desk = board.desk(0)
        await desk.ask(Request.of("hello"), "x:b")
        await desk.ask(Request.of("hello", max_tokens=7, temperature=0.0), "x:b")
        await desk.ask(Request.of("hello"), "x:a")

    office.run(use())
    asked = [(call.model, call.request.max_tokens, call.request.temperature) for call in office.calls]
    assert asked == [("x:b", 100, 0.5), ("x:b", 7, 0.0), ("x:a", 8192, None)]
    assert board.desk(0).models == {"x:a": Capabilities(), "x:b": able}


def test_a_model_that_the_run_does_not_have_is_named_with_those_it_has(office: Any, actor: Any) -> None:
    error = office.why(office.board({"x:a": actor(), "x:b": actor()}), model="x:c")
    assert str(error) == "not found: this run has no model 'x:c'; there are x:a, x:b"
    assert office.why(office.board({}), model="x:c").detail == "this run has no model 'x:c'; it has none"
    error = office.why(office.board({}))
    assert str(error) == "given up: this run has no model; name one with --model"
    assert office.calls == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"top_logprobs": 1}, "log probabilities"),
        ({"seed": 0}, "a seed"),
        ({"n": 2}, "several answers to one request (n)"),
        ({"prefill": "x"}, "to continue a begun answer (prefill)"),
    ],
)
def test_what_a_model_cannot_do_is_refused_without_a_request(
    office: Any, actor: Any, changes: dict[str, Any], words: str
) -> None:
    client = actor()
    error = office.why(office.board({"x:m": client}), dataclasses.replace(ASKED, **changes))
    assert str(error) == f"request refused: x:m does not offer {words}"
    assert (client.begun, office.calls) == ([], [])


# --- when a run ends --------------------------------------------------------------------------------------------------


def test_a_dead_model_is_not_drawn_and_the_run_goes_on(office: Any, actor: Any, settled: Any) -> None:
    dead, alive = actor(part=[ModelError(Fault.KEY, "refused")]), actor()
    board = office.board({"x:a": (dead, {"weight": 1e6}), "x:b": alive})

    async def use() -> list[Any]:
        return [(await settled(board.desk(step).ask(ASKED)))[0] for step in range(20)]

    first, *others = office.run(use())
    assert first.fault is Fault.KEY
    assert {answer.model for answer in others} == {"x:b"}
    assert (len(dead.begun), office.ended) == (1, [])
    error = office.why(board, model="x:a", step=30)
    assert (error.fault, error.detail) == (Fault.STOPPED, "x:a: key refused: refused")
    board.purse.meter.limits = {"tokens": 1.0}  # not even this one could be paid, and that does not matter
    assert office.why(board, model="x:a", step=31).detail == error.detail
    assert (len(dead.begun), office.ended) == (1, [])


def test_a_run_whose_models_are_all_dead_ends_and_says_why(office: Any, actor: Any, settled: Any) -> None:
    clients = {name: actor(part=[ModelError(Fault.KEY, "no")], duration_s=1.0) for name in ("x:a", "x:b")}
    board = office.board(clients)

    async def use() -> None:
        await settled(*(board.desk(step).ask(ASKED, name) for step, name in enumerate(clients)))
        assert len(office.ended) == 1
        await settled(board.desk(9).ask(ASKED))

    office.run(use())
    assert office.ended == ["no model answers any more: x:a: key refused: no; x:b: key refused: no"]
    assert [call.fault for call in office.calls] == ["key refused"] * 2


def test_a_budget_that_cannot_pay_one_request_ends_the_run(office: Any, actor: Any) -> None:
    client = actor()
    error = office.why(office.board({"x:m": client}, limits={"tokens": 5.0}))
    assert error.fault is Fault.STOPPED
    assert office.ended == [f"budget spent: {error.detail}"]
    assert (client.begun, office.calls) == ([], [])


# --- the end ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("patience_s", "kept"), [(30.0, True), (5.0, False)])
def test_an_answer_that_nobody_waits_for_any_more_reaches_the_record_within_the_patience(
    office: Any, actor: Any, patience_s: float, kept: bool
) -> None:
    client = actor(duration_s=10.0)
    board = office.board({"x:m": client}, limits={"tokens": 500.0})

    async def use() -> None:
        asking = asyncio.create_task(board.desk(0).ask(ASKED))
        await asyncio.sleep(1.0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await board.close(patience_s)

    office.run(use())
    (call,) = office.calls
    assert (call.answer is not None, client.closed) == (kept, True)
    assert board.purse.meter.used["tokens"] == 5.0 * kept
    again = actor()
    assert office.run(office.board({"x:m": again}).desk(0).ask(ASKED)).text == "ok"
    assert len(again.begun) == 1 - kept


def test_what_waits_for_its_turn_or_for_money_is_not_sent_any_more_at_the_end(office: Any, actor: Any) -> None:
    busy, dear = actor(duration_s=10.0), actor(duration_s=10.0)
    clients = {"x:busy": (busy, {"concurrency": 1}), "x:dear": dear}
    board = office.board(clients, limits={"tokens": 300.0})

    async def use() -> None:
        asking = [asyncio.create_task(board.desk(step).ask(ASKED, "x:busy")) for step in range(3)]
        asking += [asyncio.create_task(board.desk(step).ask(ASKED, "x:dear")) for step in range(3, 6)]
        await asyncio.sleep(1.0)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        await board.close(100.0)

    office.run(use())
    assert len(busy.begun) + len(dear.begun) == sum(call.answer is not None for call in office.calls)
    assert (len(busy.begun), len(dear.begun)) == (1, 1)
    assert len(office.calls) == 4  # two waited for money
    assert {call.fault for call in office.calls if call.answer is None} == {"given up"}
    assert office.ended == []


def test_a_board_closes_clients_that_were_never_asked(office: Any, actor: Any) -> None:
    client = actor()
    office.run(office.board({"x:m": client}).close(0.0))
    assert client.closed


# --- the beginning ----------------------------------------------------------------------------------------------------


def test_before_a_run_each_model_is_asked_for_one_word_each_time(office: Any, actor: Any) -> None:
    clients = {"x:a": actor(), "x:b": actor()}
    office.run(office.board(clients).preflight())
    office.run(office.board(clients).preflight())
    assert [(call.step, call.place, call.model) for call in office.calls] == [
        (-1, 0, "x:a"),
        (-1, 1, "x:b"),
        (-1, 2, "x:a"),
        (-1, 3, "x:b"),
    ]
    assert {call.request.max_tokens for call in office.calls} == {16}


def test_a_model_that_cannot_be_reached_is_named_with_its_address_in_one_line(office: Any, actor: Any) -> None:
    class Remote(actor):  # type: ignore[misc]
        @property
        def address(self) -> str:
            return "http://somewhere.test/v1"

    part = [ModelError(Fault.CONNECTION, "two\nlines")] * 2
    board = office.board({"x:a": actor(), "x:b": (Remote(part=part), {"retries": 1})})
    with pytest.raises(ConfigError) as seen:
        office.run(board.preflight())
    assert str(seen.value) == "model x:b at http://somewhere.test/v1: no connection: two lines"
    assert [call.fault for call in office.calls] == ["", "no connection"]


def test_a_model_that_is_not_ready_is_named_before_anything_is_asked(office: Any, actor: Any) -> None:
    class Keyless(actor):  # type: ignore[misc]
        async def start(self) -> None:
            raise ModelError(Fault.KEY, "the environment variable K is not set")

    for begin in ("start", "preflight"):
        with pytest.raises(ConfigError, match="model x:m: key refused: the environment variable K is not set"):
            office.run(getattr(office.board({"x:m": Keyless()}), begin)())
    assert office.calls == []


def test_a_local_model_is_started_and_not_asked(office: Any, actor: Any) -> None:
    class Local(actor):  # type: ignore[misc]
        started = False
        local = True

        async def start(self) -> None:
            self.started = True

    client = Local()
    office.run(office.board({"x:m": client}).preflight())
    assert (client.started, client.begun, office.calls) == (True, [], [])
