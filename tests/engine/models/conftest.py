"""A clock that does not wait, a client that does what a test says, and a run folder with switchboards on it."""

from __future__ import annotations

import asyncio
import selectors
import types
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from evolve import views
from evolve.budget import Meter
from evolve.calls import Call, calls
from evolve.client import ModelClient
from evolve.ledger import Ledger
from evolve.messages import Answer, Capabilities, Choice, ModelError, Request
from evolve.models.line import Line
from evolve.models.prices import Price
from evolve.models.purse import Purse
from evolve.models.switchboard import Switchboard
from evolve.record import reading
from evolve.tables import ModelTable

ASKED = Request.of("hello", max_tokens=10)


class _Skipping(selectors.DefaultSelector):
    """Where an ordinary loop would wait, the clock jumps; where it would wait for ever, it is an error."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if not found and timeout is None:
            raise RuntimeError("everybody waits for ever")
        if not found and timeout:
            self.now += timeout
        return found


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.now


@pytest.fixture
def timeless(monkeypatch: pytest.MonkeyPatch) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine on a clock that begins at 0 and jumps over all waiting."""
    clock = types.SimpleNamespace(monotonic=lambda: asyncio.get_running_loop().time())
    monkeypatch.setattr("asyncio_throttle.throttler.time", clock)

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=_Loop) as runner:
            return runner.run(work)

    return run


@dataclass
class Actor(ModelClient):
    """Does what it is told, request by request; afterwards it answers "ok" with 3 + 2 tokens.

    Args:
        model: its name.
        part: for each request an answer, or an error to raise.
        duration_s: how long each takes.
        act: called with each request; replaces the part.
        able: what it can do.
        begun: when each request came.
        peak: the most requests that were in its hands at once.
    """

    model: str = "m"
    part: list[Answer | BaseException] = field(default_factory=list)
    duration_s: float = 0.0
    act: Callable[[Request], Answer | Coroutine[Any, Any, Answer]] | None = None
    able: Capabilities = field(default_factory=Capabilities)
    begun: list[float] = field(default_factory=list)
    peak: int = 0
    closed: bool = False
    _running: int = 0

    def capabilities(self) -> Capabilities:
        return self.able

    async def answer(self, request: Request) -> Answer:
        number = len(self.begun)
        self.begun.append(asyncio.get_running_loop().time())
        self._running += 1
        self.peak = max(self.peak, self._running)
        try:
            if self.duration_s:
                await asyncio.sleep(self.duration_s)
            if self.act is not None:
                said = self.act(request)
                return said if isinstance(said, Answer) else await said
            done = self.part[number] if number < len(self.part) else Answer((Choice("ok"),), 3, 2)
            if isinstance(done, BaseException):
                raise done
            return done
        finally:
            self._running -= 1

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def actor() -> type[Actor]:
    return Actor


@pytest.fixture
def settled() -> Callable[..., Coroutine[Any, Any, list[Any]]]:
    """Wait for several requests at once; errors of models are returned, and others raised."""

    async def gather(*asking: Coroutine[Any, Any, Any]) -> list[Any]:
        found = await asyncio.gather(*asking, return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException) and not isinstance(one, ModelError):
                raise one
        return found

    return gather


@dataclass
class Office:
    """A run folder with switchboards on it, one after the other."""

    folder: Path
    ledger: Ledger
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    ended: list[str] = field(default_factory=list)

    def reopen(self, copy: str = "") -> None:
        """Close the record, and open it again, or a copy of it that was made at some moment."""
        self.ledger.close()
        self.folder = self.folder.parent / copy if copy else self.folder
        self.ledger = Ledger.open(self.folder)

    def board(self, clients: Mapping[str, Any], *, price: Price | None = None, **more: Any) -> Switchboard:
        """Connect models with a table each, `(client, {settings})`, or with a client alone."""
        pairs = {name: pair if isinstance(pair, tuple) else (pair, {}) for name, pair in clients.items()}
        lines = {name: Line(name, client, ModelTable(use="x", **table)) for name, (client, table) in pairs.items()}
        meter = Meter(more.pop("limits", {}))
        meter.used.update(views.used(self.ledger))
        prices = dict.fromkeys(lines, price)
        settings = {"seed": 1, "live": True, **more}
        return Switchboard(self.ledger, Purse(meter), lines, prices, end=self.ended.append, **settings)

    @property
    def calls(self) -> list[Call]:
        """What somebody else can read in the record at this moment."""
        with reading(self.folder) as record:
            return list(calls(record))

    def why(self, board: Switchboard, request: Request = ASKED, model: str = "", step: int = 0) -> ModelError:
        """Ask, and return why there is no answer."""
        with pytest.raises(ModelError) as seen:
            self.run(board.desk(step).ask(request, model))
        return seen.value


@pytest.fixture
def office(tmp_path: Path, timeless: Any) -> Iterator[Office]:
    office = Office(tmp_path / "run", Ledger.create(tmp_path / "run", {}), timeless)
    yield office
    office.ledger.close()
