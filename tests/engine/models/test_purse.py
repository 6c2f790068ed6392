"""Money and tokens are set aside before a request is sent, so that a budget is never overdrawn."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evolve.budget import Meter
from evolve.models.purse import Overdrawn, Purse

MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
DUST = 1.0 + 1e-9


@dataclass(frozen=True)
class Buyer:
    """One request: when it comes, what it may cost, what share of it it does cost, and when it is given up."""

    comes_s: float
    usd: float
    tokens: int
    share: float
    takes_s: float
    patience_s: float

    @property
    def most(self) -> dict[str, float]:
        return {"usd": self.usd, "tokens": float(self.tokens)}

    @property
    def cost(self) -> dict[str, float]:
        return {"usd": self.usd * self.share, "tokens": float(int(self.tokens * self.share))}


buyers = st.builds(
    Buyer,
    comes_s=st.floats(0.0, 5.0),
    usd=st.floats(0.0, 2.0),
    tokens=st.integers(0, 2000),
    share=st.sampled_from([0.0, 1.0]) | st.floats(0.0, 1.0),
    takes_s=st.floats(0.0, 5.0),
    patience_s=st.just(1e9) | st.floats(0.0, 10.0),
)


@dataclass
class Shop:
    """Lets buyers in, and looks at every moment at what the purse has promised."""

    purse: Purse
    open: Counter[str]
    served: int = 0
    refused: int = 0
    left: int = 0

    def check(self) -> None:
        for name, limit in self.purse.meter.limits.items():
            assert self.purse.meter.used[name] + self.open[name] <= limit * DUST

    async def visit(self, buyer: Buyer) -> None:
        await asyncio.sleep(buyer.comes_s)
        try:
            async with asyncio.timeout(buyer.patience_s):
                await self.buy(buyer)
        except TimeoutError:
            self.left += 1

    async def buy(self, buyer: Buyer) -> None:
        try:
            await self.purse.set_aside(buyer.most)
        except Overdrawn:
            assert self.open["buyers"] == 0
            assert any(
                self.purse.meter.used[name] + buyer.most[name] > limit
                for name, limit in self.purse.meter.limits.items()
            )
            self.refused += 1
            return
        self.open.update({**buyer.most, "buyers": 1})
        self.check()
        cost: dict[str, float] = {}
        try:
            await asyncio.sleep(buyer.takes_s)
            cost = buyer.cost
            self.served += 1
        finally:
            self.open.subtract({**buyer.most, "buyers": 1})
            self.purse.settle(buyer.most, cost)
            self.check()


@MANY
@given(
    crowd=st.lists(buyers, max_size=25),
    limits=st.fixed_dictionaries({}, optional={"usd": st.floats(0.001, 5.0), "tokens": st.integers(1, 4000)}),
)
def test_a_budget_is_never_overdrawn_and_nobody_waits_for_ever(
    timeless: Any, crowd: list[Buyer], limits: dict[str, float]
) -> None:
    async def use() -> Shop:
        shop = Shop(Purse(Meter(limits)), Counter())
        await asyncio.gather(*map(shop.visit, crowd))
        return shop

    shop = timeless(use())  # which raises where everybody waits for ever
    assert shop.served + shop.refused + shop.left == len(crowd)
    if not limits:
        assert shop.refused == 0


@MANY
@given(limit=st.floats(1e-6, 1e6), parts=st.integers(1, 300))
def test_the_last_cent_can_be_spent_whatever_the_dust(timeless: Any, limit: float, parts: int) -> None:
    async def use() -> None:
        purse = Purse(Meter({"usd": limit}))
        most = {"usd": limit / parts}
        for _ in range(parts):
            await purse.set_aside(most)
            purse.settle(most, most)
        with pytest.raises(Overdrawn):
            await purse.set_aside(most)

    timeless(use())


def test_dust_is_no_way_to_spend_without_end(timeless: Any) -> None:
    async def use() -> None:
        purse, whole, crumb = Purse(Meter({"usd": 1000.0})), {"usd": 1000.0}, {"usd": 4e-7}
        await purse.set_aside(whole)
        purse.settle(whole, whole)
        bought = 0
        with contextlib.suppress(Overdrawn):
            for _ in range(10):
                await purse.set_aside(crumb)
                purse.settle(crumb, crumb)
                bought += 1
        assert bought < 5
        assert purse.meter.used["usd"] <= 1000.0 * DUST

    timeless(use())


def test_a_request_waits_for_the_change_of_another(timeless: Any) -> None:
    async def use() -> list[float]:
        purse, loop = Purse(Meter({"tokens": 100.0})), asyncio.get_running_loop()

        async def buy(most: float, cost: float) -> float:
            await purse.set_aside({"tokens": most})
            begun = loop.time()
            await asyncio.sleep(5.0)
            purse.settle({"tokens": most}, {"tokens": cost})
            return begun

        return list(await asyncio.gather(buy(80.0, 10.0), buy(80.0, 10.0), buy(15.0, 10.0)))

    assert timeless(use()) == [0.0, 5.0, 0.0]


def test_what_can_never_be_paid_is_refused_with_both_amounts(timeless: Any) -> None:
    purse = Purse(Meter({"usd": 0.5, "tokens": 10.0}))
    with pytest.raises(Overdrawn, match=r"0\.5 usd, cannot pay for a request that may cost 0\.75"):
        timeless(purse.set_aside({"usd": 0.75, "tokens": 5.0}))
    with pytest.raises(Overdrawn, match="10 tokens, cannot pay for a request that may cost 11"):
        timeless(purse.set_aside({"usd": 0.25, "tokens": 11.0}))


def test_a_budget_that_was_spent_before_counts(timeless: Any) -> None:
    meter = Meter({"usd": 1.0})
    meter.charge(usd=2.0)
    with pytest.raises(Overdrawn, match="the budget, 0 usd, cannot pay"):
        timeless(Purse(meter).set_aside({"usd": 0.5}))


def test_a_failure_costs_nothing_and_what_costs_nothing_is_always_possible(timeless: Any) -> None:
    async def use() -> Meter:
        purse, most = Purse(Meter({"usd": 1.0})), {"usd": 1.0, "tokens": 50.0}
        for cost in ({}, most):
            await purse.set_aside(most)
            purse.settle(most, cost)
        await purse.set_aside({"usd": 0.0, "tokens": 9.0})
        return purse.meter

    assert timeless(use()).used["usd"] == 1.0
