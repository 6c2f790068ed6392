"""Every request of a run: from the record, or paid for, sent and recorded. No test waits: the clock jumps."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
from collections.abc import Mapping
from typing import Any

import pytest

from evolve import views
from evolve.messages import Answer, Bill, Capabilities, Choice, Fault, Message, ModelError, Request
from evolve.models.prices import Price
from evolve.models.switchboard import Switchboard, prompt_bound

ASKED = Request.of("hello", max_tokens=10)
IMAGES = Capabilities(images=True)
PRICE = Price(prompt=1e6, completion=2e6, cached=1e5)  # a token of the request costs one dollar


def answered(text: str = "ok", prompt: int | None = 3, completion: int | None = 2, cached: int = 0) -> Answer:
    return Answer((Choice(text),), prompt, completion, cached)


# --- the record -------------------------------------------------------------------------------------------------------


def test_a_request_is_in_the_record_before_it_is_sent_and_its_answer_before_it_is_used(
    office: Any, timeless: Any, actor: Any
) -> None:
    seen: list[list[Any]] = []

    def look(request: Request) -> Answer:
        seen.append(office.calls)
        return answered("well")

    used = timeless(office.board({"x:m": actor(act=look)}).desk(7).ask(ASKED))
    (before,), (after,) = seen[0], office.calls
    assert (before.step, before.place, before.model, before.request) == (7, 0, "x:m", ASKED)
    assert (before.answer, before.fault) == (None, "")
    assert after.answer == used == dataclasses.replace(answered("well"), model="x:m")
    assert after.digest == before.digest == ASKED.digest("x:m")


def test_a_run_that_was_killed_before_the_answer_asks_again_and_one_that_was_killed_after_it_does_not(
    office: Any, timeless: Any, actor: Any
) -> None:
    def killed_at(moment: str) -> None:
        shutil.copytree(office.folder, office.folder.parent / moment)

    def look(request: Request) -> Answer:
        killed_at("before")
        return answered("first")

    timeless(office.board({"x:m": actor(act=look)}).desk(0).ask(ASKED))
    killed_at("after")
    for moment, asked, said in (("before", 1, "second"), ("after", 0, "first")):
        office.reopen(copy=moment)
        client = actor(part=[answered("second")])
        assert timeless(office.board({"x:m": client}).desk(0).ask(ASKED)).text == said
        assert len(client.begun) == asked


def test_no_place_of_a_step_is_asked_twice_after_reopening(office: Any, timeless: Any, actor: Any) -> None:
    async def propose(board: Switchboard) -> tuple[list[str], Mapping[str, float]]:
        desk = board.desk(4)
        first = await desk.ask(ASKED)
        both = await asyncio.gather(desk.ask(ASKED), desk.ask(Request.of(first.text, max_tokens=5)))
        return [first.text, *(answer.text for answer in both)], desk.bill(2)

    said = [answered("a", 3, 1), answered("b", 3, 1), answered("c", 1, 1, cached=1)]
    first = timeless(propose(office.board({"x:m": actor(part=said)}, price=PRICE)))
    office.reopen()
    client = actor()
    board = office.board({"x:m": client}, price=PRICE)
    used = dict(board.purse.meter.used)
    assert timeless(propose(board)) == first
    assert first == (["a", "b", "c"], {"calls": 1.5, "tokens": 5.0, "usd": pytest.approx((5.0 + 5.0 + 2.1) / 2)})
    assert (client.begun, board.drifted, board.purse.meter.used) == ([], set(), used)
    assert [(call.step, call.place) for call in office.calls] == [(4, 0), (4, 1), (4, 2)]


@pytest.mark.parametrize(
    ("request_", "model"),
    [(Request.of("goodbye", max_tokens=10), ""), (dataclasses.replace(ASKED, temperature=1.0), ""), (ASKED, "x:gone")],
    ids=["text", "temperature", "model"],
)
def test_an_answer_whose_request_has_changed_is_used_and_the_step_is_noted(
    office: Any, timeless: Any, actor: Any, request_: Request, model: str
) -> None:
    timeless(office.board({"x:m": actor(part=[answered("then")])}).desk(5).ask(ASKED))
    client = actor()
    board = office.board({"x:m": client})
    assert timeless(board.desk(5).ask(request_, model)).text == "then"
    assert (client.begun, board.drifted) == ([], {5})


def test_a_setting_that_changes_the_request_is_drift_and_another_draw_is_not(
    office: Any, timeless: Any, actor: Any
) -> None:
    open_ended = Request.of("hello")
    timeless(office.board({"x:m": actor()}).desk(0).ask(open_ended))
    board = office.board({"x:m": (actor(), {"max_tokens": 99})})
    timeless(board.desk(0).ask(open_ended))
    assert board.drifted == {0}
    board = office.board({"x:other": (actor(), {"weight": 1e9}), "x:m": actor()})
    assert timeless(board.desk(0).ask(open_ended)).model == "x:m"
    assert board.drifted == set()


def test_a_changed_request_that_was_not_answered_is_sent_and_is_no_drift(
    office: Any, timeless: Any, actor: Any
) -> None:
    office.ledger.add_request(0, 0, "x:m", Request.of("goodbye"))
    board = office.board({"x:m": actor()})
    assert timeless(board.desk(0).ask(ASKED)).text == "ok"
    assert board.drifted == set()


@pytest.mark.parametrize("answered_first", [True, False])
def test_an_answer_counts_more_than_an_equal_request_that_has_none(
    office: Any, timeless: Any, actor: Any, answered_first: bool
) -> None:
    for request in (Request.of("goodbye"), ASKED)[:: 1 if answered_first else -1]:
        number = office.ledger.add_request(0, 0, "x:m", request)
        if request != ASKED:
            office.ledger.add_answer(number, answered("changed"), Bill(), 0.0)
    client = actor()
    assert timeless(office.board({"x:m": client}).desk(0).ask(ASKED)).text == "changed"
    assert client.begun == []


def test_a_replay_gives_a_failure_before_what_was_never_answered(office: Any, actor: Any) -> None:
    number = office.ledger.add_request(0, 0, "x:m", ASKED)
    office.ledger.add_answer(number, ModelError(Fault.SERVER, "busy"), Bill(), 0.0)
    office.ledger.add_request(0, 0, "x:m", ASKED)
    assert str(office.why(office.board({"x:m": actor()}, live=False))) == "server error: busy"


def test_a_failure_is_recorded_with_its_reason_costs_nothing_and_is_asked_again(
    office: Any, timeless: Any, actor: Any
) -> None:
    refused = ModelError(Fault.REQUEST, "too long")
    board = office.board({"x:m": actor(part=[refused])}, price=PRICE)
    error = office.why(board)
    (call,) = office.calls
    assert (call.fault, call.detail, call.answer, call.bill) == ("request refused", "too long", None, Bill())
    assert (error.fault, error.detail) == (Fault.REQUEST, "too long")
    assert (board.purse.meter.used["usd"], board.purse.meter.used["tokens"]) == (0.0, 0.0)
    office.reopen()
    assert timeless(office.board({"x:m": actor()}).desk(0).ask(ASKED)).text == "ok"
    assert timeless(office.board({"x:m": actor()}, live=False).desk(0).ask(ASKED)).text == "ok"


def test_a_bug_of_a_client_is_nobodys_refusal_and_blocks_no_money(office: Any, timeless: Any, actor: Any) -> None:
    board = office.board({"x:m": actor(part=[KeyError("a bug")])}, limits={"tokens": 100.0})
    with pytest.raises(KeyError):
        timeless(board.desk(0).ask(ASKED))
    assert timeless(board.desk(1).ask(ASKED)).text == "ok"


# --- replay -----------------------------------------------------------------------------------------------------------


def test_a_replay_never_sends_and_gives_what_is_in_the_record(office: Any, timeless: Any, actor: Any) -> None:
    part = [ModelError(Fault.TIMEOUT, "no answer within 3 s"), answered("yes")]
    live = office.board({"x:m": (actor(part=part), {"retries": 0})}, price=PRICE)
    failed = office.why(live, step=1)
    timeless(live.desk(2).ask(ASKED))
    office.ledger.add_request(3, 0, "x:m", ASKED)
    office.ledger.flush()
    client = actor()
    board = office.board({"x:m": client}, live=False)
    again = office.why(board, step=1)
    assert (str(again), again.fault) == (str(failed), failed.fault)
    assert timeless(board.desk(2).ask(ASKED)).text == "yes"
    for step in (3, 4):  # never answered, and never asked
        assert office.why(board, step=step).fault is Fault.UNRECORDED
    assert (client.begun, board.drifted, len(office.calls)) == ([], set(), 3)
    assert office.why(board, Request.of("goodbye"), step=1).fault is Fault.TIMEOUT
    assert board.drifted == {1}


@pytest.mark.parametrize(
    ("request_", "model"), [(dataclasses.replace(ASKED, seed=1), ""), (ASKED, "x:nobody")], ids=["seed", "model"]
)
def test_a_replay_repeats_what_was_refused_without_asking(
    office: Any, timeless: Any, actor: Any, request_: Request, model: str
) -> None:
    errors = [office.why(office.board({"x:m": actor()}, live=live), request_, model) for live in (True, False)]
    assert str(errors[0]) == str(errors[1])
    assert errors[0].fault in (Fault.REQUEST, Fault.UNKNOWN)


# --- money ------------------------------------------------------------------------------------------------------------


def test_what_is_charged_is_the_sum_over_the_answers_in_the_record(
    office: Any, timeless: Any, actor: Any, settled: Any
) -> None:
    part: list[Any] = [answered("x", n, 2 * n, cached=n // 2) for n in range(1, 31)]
    part[::3] = [ModelError(Fault.SERVER, "busy") for _ in part[::3]]
    part[1] = answered("not counted", None, None)
    board = office.board({"x:m": (actor(part=part, duration_s=1.0), {"retries": 1, "concurrency": 4})}, price=PRICE)

    async def use() -> list[Any]:
        desks = [board.desk(step) for step in range(20)]
        await settled(*(desk.ask(ASKED) for desk in desks))
        return desks

    desks = timeless(use())
    bills = [call.bill for call in office.calls]
    used, recorded = board.purse.meter.used, views.used(office.ledger)
    assert used["tokens"] == recorded["tokens"] == sum(b.prompt_tokens + b.completion_tokens for b in bills)
    assert used["usd"] == pytest.approx(recorded["usd"]) == pytest.approx(sum(bill.usd for bill in bills))
    assert used["tokens"] == sum(desk.tokens for desk in desks)
    assert used["usd"] == pytest.approx(sum(desk.usd for desk in desks))
    assert len(bills) == 20


@pytest.mark.parametrize(("prompt", "completion"), [(None, None), (5, None), (None, 5)])
@pytest.mark.parametrize(("text", "expected"), [("häh", 4), ("x" * 50, 20)])
def test_what_the_server_does_not_count_is_charged_by_its_upper_bound(
    office: Any, timeless: Any, actor: Any, prompt: Any, completion: Any, text: str, expected: int
) -> None:
    board = office.board({"x:m": actor(part=[answered(text, prompt, completion)], able=IMAGES)}, price=PRICE)
    request = Request((Message("user", "héllo", (b"\x89PNG",)),), system="be brief", max_tokens=20)
    timeless(board.desk(0).ask(request))
    bound = prompt_bound(request)
    assert bound >= len("héllo".encode()) + len(b"be brief") + 1000
    (call,) = office.calls
    assert call.bill == Bill(bound, expected, pytest.approx(bound + 2.0 * expected), True)  # type: ignore[arg-type]


def test_cached_tokens_cost_their_own_price(office: Any, timeless: Any, actor: Any) -> None:
    board = office.board({"x:m": actor(part=[answered("x", 100, 10, cached=60)])}, price=PRICE)
    timeless(board.desk(0).ask(ASKED))
    assert office.calls[0].bill == Bill(100, 10, pytest.approx(40.0 + 6.0 + 20.0))  # type: ignore[arg-type]


def test_a_model_without_a_price_costs_tokens_only(office: Any, timeless: Any, actor: Any) -> None:
    board = office.board({"x:m": actor()})
    timeless(board.desk(0).ask(ASKED))
    assert (board.purse.meter.used["usd"], board.purse.meter.used["tokens"]) == (0.0, 5.0)


def test_requests_wait_for_each_others_change_and_a_budget_that_cannot_pay_ends_the_run(
    office: Any, timeless: Any, actor: Any, settled: Any
) -> None:
    most = prompt_bound(ASKED) + 10
    client = actor(duration_s=1.0)
    board = office.board({"x:m": client}, limits={"tokens": most + 14.0})

    async def use() -> list[Any]:
        return list(await settled(*(board.desk(step).ask(ASKED) for step in range(6))))

    found = timeless(use())
    assert [getattr(one, "text", "") for one in found] == ["ok", "ok", "ok", "", "", ""]
    assert client.peak == 1
    assert {one.fault for one in found[3:]} == {Fault.STOPPED}
    assert office.ended
    assert all(reason.startswith("budget spent: what is left of the budget, ") for reason in office.ended)
    assert len(office.calls) == 3  # what cannot be paid is not in the record
    assert board.purse.meter.used["tokens"] == 15.0
