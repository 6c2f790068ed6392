"""The way to one model: retries, waits, limits, and when to give up. No test waits: the clock jumps."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evolve.messages import Answer, Choice, Fault, ModelError, Request
from evolve.models.line import Line
from evolve.tables import ModelTable

ASKED = Request.of("hello", max_tokens=10)
PASSING = [fault for fault in Fault if fault.passing]
LASTING = [fault for fault in Fault if not fault.passing]
A_FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def line(client: Any, **table: Any) -> Line:
    return Line("x:m", client, ModelTable(use="x", **table))


def failing(*faults: Fault) -> list[Any]:
    return [ModelError(fault, f"number {number}") for number, fault in enumerate(faults, 1)]


def most_in_a_minute(begun: list[float], amounts: list[float]) -> float:
    """Return the largest sum of amounts that began within one minute, its end left out."""
    return max(sum(a for b, a in zip(begun, amounts, strict=True) if start <= b < start + 60.0) for start in begun)


# --- retries ----------------------------------------------------------------------------------------------------------


def test_what_may_pass_is_tried_again() -> None:
    assert PASSING == [Fault.RATE, Fault.SERVER, Fault.CONNECTION, Fault.TIMEOUT, Fault.MALFORMED]


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_may_pass_is_tried_again_so_many_times(fault: Fault, timeless: Any, actor: Any) -> None:
    client = actor(part=failing(*[fault] * 4))
    with pytest.raises(ModelError) as seen:
        timeless(line(client, retries=3).ask(ASKED, 10))
    assert (seen.value.fault, seen.value.detail) == (fault, "number 4")
    assert len(client.begun) == 4


@pytest.mark.parametrize("fault", LASTING)
def test_a_refused_key_or_request_or_an_unknown_model_is_not_tried_again(
    fault: Fault, timeless: Any, actor: Any
) -> None:
    client = actor(part=failing(fault))
    with pytest.raises(ModelError) as seen:
        timeless(line(client).ask(ASKED, 10))
    assert seen.value.fault is fault
    assert len(client.begun) == 1


def test_the_first_answer_ends_the_tries(timeless: Any, actor: Any) -> None:
    client = actor(part=failing(Fault.SERVER, Fault.RATE))
    assert timeless(line(client).ask(ASKED, 10)).text == "ok"
    assert len(client.begun) == 3


def test_no_retries_means_one_try(timeless: Any, actor: Any) -> None:
    client = actor(part=failing(Fault.SERVER))
    with pytest.raises(ModelError, match="server error: number 1"):
        timeless(line(client, retries=0).ask(ASKED, 10))
    assert len(client.begun) == 1


def test_an_error_that_is_no_models_fault_goes_through_at_once(timeless: Any, actor: Any) -> None:
    client = actor(part=[KeyError("a bug")])
    asked = line(client)
    with pytest.raises(KeyError):
        timeless(asked.ask(ASKED, 10))
    assert (len(client.begun), asked.dead) == (1, "")


def test_each_wait_is_between_half_and_all_of_twice_the_one_before_up_to_a_minute(timeless: Any, actor: Any) -> None:
    waits: list[list[float]] = []
    for _ in range(20):
        client = actor(part=failing(*[Fault.SERVER] * 12))
        timeless(line(client, retries=12).ask(ASKED, 10))
        waits.append([later - earlier for earlier, later in zip(client.begun, client.begun[1:], strict=False)])
    for tries, found in enumerate(zip(*waits, strict=True)):
        longest = min(60.0, 0.5 * 2.0**tries)
        assert all(longest / 2.0 - 1e-6 <= wait <= longest + 1e-6 for wait in found)
        assert len(set(found)) > 10  # runs that failed together do not come back together


def test_a_line_can_try_for_days(timeless: Any, actor: Any) -> None:
    client = actor(part=failing(*[Fault.SERVER] * 1100))
    assert timeless(line(client, retries=1100).ask(ASKED, 10)).text == "ok"


@pytest.mark.parametrize(("asked", "waited"), [(0.0, 0.0), (0.25, 0.25), (90.0, 90.0), (86400.0, 600.0)])
def test_a_server_that_says_how_long_to_wait_is_obeyed_up_to_ten_minutes(
    asked: float, waited: float, timeless: Any, actor: Any
) -> None:
    client = actor(part=[ModelError(Fault.RATE, "slower", retry_after_s=asked)])
    timeless(line(client).ask(ASKED, 10))
    assert client.begun == pytest.approx([0.0, waited])


def test_a_try_that_takes_too_long_is_broken_off_and_tried_again(timeless: Any, actor: Any) -> None:
    client = actor(duration_s=100.0)
    with pytest.raises(ModelError) as seen:
        timeless(line(client, timeout_s=3.0, retries=1).ask(ASKED, 10))
    assert (seen.value.fault, seen.value.detail) == (Fault.TIMEOUT, "no answer within 3 s")
    assert 3.25 - 1e-6 <= client.begun[1] <= 3.5 + 1e-6


# --- how many at once, and per minute ---------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 3, 8])
def test_no_more_requests_are_on_their_way_than_the_limit(concurrency: int, timeless: Any, actor: Any) -> None:
    client = actor(part=failing(Fault.SERVER, Fault.RATE), duration_s=1.0)

    async def use() -> None:
        asked = line(client, concurrency=concurrency)
        await asyncio.gather(*(asked.ask(ASKED, 10) for _ in range(20)))

    timeless(use())
    assert (len(client.begun), client.peak) == (22, concurrency)


def test_whoever_leaves_makes_room_and_is_no_failure(timeless: Any, actor: Any) -> None:
    client = actor(duration_s=50.0)
    asked = line(client, concurrency=1, give_up_after=1)

    async def use() -> Answer:
        first = asyncio.create_task(asked.ask(ASKED, 10))
        await asyncio.sleep(1.0)
        first.cancel()
        return await asked.ask(ASKED, 10)

    assert timeless(use()).text == "ok"
    assert (client.begun, asked.dead) == ([0.0, 1.0], "")


@pytest.mark.parametrize(("rate", "most"), [(7.0, 7), (1.0, 1), (0.5, 1), (2.7, 2)])
def test_no_more_requests_begin_in_any_minute_than_the_limit(rate: float, most: int, timeless: Any, actor: Any) -> None:
    client = actor(part=failing(Fault.SERVER))  # a second try counts, too

    async def use() -> None:
        asked = line(client, requests_per_minute=rate, concurrency=4)
        await asyncio.gather(*(asked.ask(ASKED, 10) for _ in range(2 * most + 1)))

    timeless(use())
    assert most_in_a_minute(client.begun, [1.0] * len(client.begun)) == most
    assert client.begun[most] == pytest.approx(60.0 * max(1.0, 1.0 / rate), abs=0.1)


def answered(prompt: int | None, completion: int | None) -> Answer:
    return Answer((Choice("ok"),), prompt, completion)


@A_FEW
@given(st.data())
def test_no_more_tokens_are_used_in_any_minute_than_the_limit(timeless: Any, actor: Any, data: st.DataObject) -> None:
    limit = data.draw(st.integers(1, 1000))
    bounds = data.draw(st.lists(st.integers(1, 3000), min_size=1, max_size=15))
    used = [data.draw(st.integers(0, min(bound, limit))) for bound in bounds]
    client = actor(part=[answered(0, tokens) for tokens in used], duration_s=data.draw(st.floats(0.0, 100.0)))

    async def use() -> None:
        asked = line(client, tokens_per_minute=float(limit), concurrency=data.draw(st.integers(1, 5)))
        await asyncio.gather(*(asked.ask(ASKED, bound) for bound in bounds))

    timeless(use())
    assert len(client.begun) == len(bounds)
    assert most_in_a_minute(client.begun, [float(tokens) for tokens in used]) <= limit


def test_a_request_that_may_be_larger_than_the_limit_waits_for_all_room(timeless: Any, actor: Any) -> None:
    client = actor(part=[answered(400, 500)] * 3)

    async def use() -> None:
        asked = line(client, tokens_per_minute=1000.0)
        for _ in range(3):
            await asked.ask(ASKED, 10_000)

    timeless(use())
    assert client.begun == pytest.approx([0.0, 60.0, 120.0])


def test_tokens_that_were_not_used_make_room_at_once(timeless: Any, actor: Any) -> None:
    client = actor(part=[answered(50, 50), answered(None, None), answered(0, 1)], duration_s=1.0)

    async def use() -> None:
        asked = line(client, tokens_per_minute=1000.0, concurrency=3)
        await asyncio.gather(asked.ask(ASKED, 1000), asked.ask(ASKED, 900), asked.ask(ASKED, 100))

    timeless(use())
    assert client.begun == pytest.approx([0.0, 1.0, 60.0])  # what the server does not count is taken whole


def test_a_large_request_is_not_overtaken_for_ever(timeless: Any, actor: Any) -> None:
    begun: list[str] = []

    def note(request: Request) -> Answer:
        begun.append(request.messages[0].text)
        return answered(0, 300)

    client = actor(act=note)

    async def use() -> None:
        asked = line(client, tokens_per_minute=1000.0, concurrency=9)
        sizes = [300, 300, 1000, 300, 300, 300]
        await asyncio.gather(*(asked.ask(Request.of(f"{n}"), size) for n, size in enumerate(sizes)))

    timeless(use())
    assert begun == ["0", "1", "2", "3", "4", "5"]


# --- giving up --------------------------------------------------------------------------------------------------------


def test_after_so_many_failures_in_a_row_a_line_is_dead_and_answers_without_sending(
    timeless: Any, actor: Any, settled: Any
) -> None:
    client = actor(part=failing(*[Fault.REQUEST] * 3))
    asked = line(client, give_up_after=3)

    async def use() -> list[Any]:
        return [(await settled(asked.ask(ASKED, 10)))[0] for _ in range(5)]

    found = timeless(use())
    assert [error.fault for error in found] == [Fault.REQUEST] * 3 + [Fault.STOPPED] * 2
    expected = "x:m: 3 requests in a row failed, the last one: request refused: number 3"
    assert asked.dead == expected
    assert {error.detail for error in found[3:]} == {expected}
    assert len(client.begun) == 3


def test_one_answer_makes_the_failures_forgotten(timeless: Any, actor: Any, settled: Any) -> None:
    ok = answered(1, 1)
    two = failing(Fault.SERVER, Fault.SERVER)
    client = actor(part=[*two, ok, *two, ok])
    asked = line(client, give_up_after=3, retries=0)

    async def use() -> None:
        for _ in range(6):
            await settled(asked.ask(ASKED, 10))

    timeless(use())
    assert (asked.dead, len(client.begun)) == ("", 6)


def test_tries_of_one_request_are_one_failure(timeless: Any, actor: Any, settled: Any) -> None:
    client = actor(part=failing(*[Fault.SERVER] * 10))
    asked = line(client, give_up_after=2, retries=4)
    timeless(settled(asked.ask(ASKED, 10)))
    assert (len(client.begun), asked.dead) == (5, "")


@pytest.mark.parametrize("fault", [Fault.KEY, Fault.UNKNOWN])
def test_one_refused_key_or_unknown_model_is_enough_for_all_that_wait(
    fault: Fault, timeless: Any, actor: Any, settled: Any
) -> None:
    client = actor(part=failing(fault), duration_s=1.0)
    asked = line(client, concurrency=1)

    async def use() -> Any:
        return await settled(*(asked.ask(ASKED, 10) for _ in range(20)))

    found = timeless(use())
    assert [error.fault for error in found] == [fault] + [Fault.STOPPED] * 19
    assert asked.dead == f"x:m: {fault}: number 1"
    assert len(client.begun) == 1


def test_a_request_is_not_tried_again_once_another_one_has_found_the_line_dead(
    timeless: Any, actor: Any, settled: Any
) -> None:
    client = actor(part=failing(Fault.SERVER, Fault.KEY))

    async def use() -> Any:
        asked = line(client)
        return await settled(asked.ask(ASKED, 10), asked.ask(ASKED, 10))

    found = timeless(use())
    assert [error.fault for error in found] == [Fault.STOPPED, Fault.KEY]
    assert len(client.begun) == 2


def test_a_line_that_hangs_up_lets_in_what_is_on_its_way_and_sends_nothing_more(
    timeless: Any, actor: Any, settled: Any
) -> None:
    client = actor(duration_s=10.0)
    asked = line(client, concurrency=2)

    async def use() -> Any:
        asyncio.get_running_loop().call_later(1.0, asked.hang_up)
        return await settled(*(asked.ask(ASKED, 10) for _ in range(5)))

    found = timeless(use())
    assert [answer.text for answer in found[:2]] == ["ok", "ok"]
    assert [(error.fault, error.detail) for error in found[2:]] == [(Fault.STOPPED, "the run has ended")] * 3
    assert len(client.begun) == 2


def test_a_dead_line_keeps_its_own_reason() -> None:
    asked = line(None)
    asked.dead = "x:m: key refused"
    asked.hang_up()
    assert asked.dead == "x:m: key refused"
