"""`Switchboard`: every request to a model goes through here: from the record, or paid for, sent and recorded."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from evolve.calls import Call, asking_places, calls_at
from evolve.errors import ConfigError
from evolve.ledger import Ledger
from evolve.messages import Answer, Bill, Capabilities, Fault, ModelError, Request
from evolve.models.line import Line
from evolve.models.prices import Price
from evolve.models.purse import Overdrawn, Purse
from evolve.streams import stream

__all__ = ["Desk", "Switchboard"]

_TOKENS_PER_MESSAGE, _TOKENS_PER_IMAGE = 16, 3000
_GREETING = Request.of("Answer with the word OK.", max_tokens=16)
_PREFLIGHT = -1
"""Step that the first requests belong to, which only try whether the models can be reached."""


@dataclass
class Switchboard:
    """Connects operators with the models of a run.

    A request is a row of the record before it is sent, and its answer is one before it is used. A request of a step
    that was answered before the run was interrupted is not sent again, whatever has changed meanwhile.

    Args:
        ledger: the record.
        purse: what may be spent.
        lines: the models by name.
        prices: of the models by name; None where nobody knows.
        seed: of the run.
        live: False in a replay: whatever is not in the record is a fault.
        end: asks the run to finish what is in flight and to end, with a reason.
    """

    ledger: Ledger
    purse: Purse
    lines: Mapping[str, Line]
    prices: Mapping[str, Price | None]
    seed: int
    live: bool
    end: Callable[[str], None]
    drifted: set[int] = field(default_factory=set, init=False)
    _sent: set[asyncio.Task[tuple[Answer, Bill]]] = field(default_factory=set, init=False, repr=False)

    @property
    def models(self) -> Mapping[str, Capabilities]:
        """What each model can do, by name."""
        return {name: line.client.capabilities() for name, line in self.lines.items()}

    @property
    def waiting(self) -> int:
        """How many requests have been sent and not answered."""
        return len(self._sent)

    def desk(self, step: int) -> Desk:
        """Return what one proposal asks its models through.

        Args:
            step: number of the action.
        """
        return Desk(self, step)

    async def preflight(self) -> None:
        """Ask every model for one word, so that a wrong key, address or name is known before anything else.

        A local model is not asked, only started.

        Raises:
            ConfigError: in one line, which model cannot be reached, and why.
        """
        asked = self.desk(_PREFLIGHT)
        asked.place = asking_places(self.ledger, _PREFLIGHT)
        await self._start(asked)

    async def start(self) -> None:
        """Get the clients ready without asking anything.

        Raises:
            ConfigError: in one line, which model is not ready, and why.
        """
        await self._start(None)

    async def _start(self, greeting: Desk | None) -> None:
        for name, line in self.lines.items():
            try:
                await line.client.start()
                if greeting is not None and not line.client.local:
                    await greeting.ask(_GREETING, name)
            except ModelError as error:
                raise ConfigError(f"{_where(line)}: {error}") from error

    async def close(self, patience_s: float) -> None:
        """Wait a little for answers that are paid for, so that the record has them, and hang up.

        What was not sent yet is not sent any more.

        Args:
            patience_s: how long to wait, seconds.
        """
        for line in self.lines.values():
            line.hang_up()
        if self._sent:
            _, late = await asyncio.wait(self._sent, timeout=patience_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for line in self.lines.values():
            await line.client.close()

    async def ask(self, step: int, place: int, request: Request, model: str) -> tuple[Answer, Bill]:
        """Answer a request; return the answer, and what it cost.

        Raises:
            ModelError: there is no answer.
        """
        used = self._recorded(step, place, request, model)
        if used is not None:
            if used.answer is None:
                raise ModelError(Fault(used.fault), used.detail)
            return used.answer, used.bill
        model = model or self._draw(step, place)
        request = self._completed(request, model)
        lacking = self.lines[model].client.capabilities().lacks(request)
        if lacking:
            raise ModelError(Fault.REQUEST, f"{model} does not offer {lacking}")
        if not self.live:
            raise ModelError(Fault.UNRECORDED, f"request {place} of step {step} has no answer")
        sending = asyncio.create_task(self._send(step, place, request, model))
        self._sent.add(sending)
        sending.add_done_callback(self._forget)
        return await asyncio.shield(sending)

    async def _send(self, step: int, place: int, request: Request, model: str) -> tuple[Answer, Bill]:
        line, most, bill = self.lines[model], self._most(request, model), Bill()
        line.refuse_if_dead()
        try:
            await self.purse.set_aside(most)
        except Overdrawn as error:
            self.end(f"budget spent: {error}")
            raise ModelError(Fault.STOPPED, str(error)) from error
        try:
            line.refuse_if_dead()
            begun = time.monotonic()
            number = self.ledger.add_request(step, place, model, request)
            self.ledger.flush()
            try:
                answer = dataclasses.replace(await line.ask(request, int(most["tokens"])), model=model)
            except ModelError as error:
                self._write(number, error, bill, begun)
                if error.fault is not Fault.STOPPED:
                    self._end_when_all_are_dead()
                raise
            bill = self._bill(request, answer, model)
            self._write(number, answer, bill, begun)
            return answer, bill
        finally:
            self.purse.settle(most, {"usd": bill.usd, "tokens": bill.prompt_tokens + bill.completion_tokens})

    def _write(self, number: int, answer: Answer | ModelError, bill: Bill, begun: float) -> None:
        self.ledger.add_answer(number, answer, bill, time.monotonic() - begun)
        self.ledger.flush()

    def _recorded(self, step: int, place: int, request: Request, model: str) -> Call | None:
        """Return the call of the record that stands for a request, or None when it is still to be sent.

        It is the one of the same place that was answered, whatever has changed meanwhile; a failure counts in a replay
        only. The first requests are made anew each time.
        """
        calls = [] if step == _PREFLIGHT else list(calls_at(self.ledger, step, place))
        call = max(calls, key=lambda call: (call.answer is not None, bool(call.fault), call.number), default=None)
        if call is None or not (call.answer is not None or (call.fault and not self.live)):
            return None
        name = model or call.model
        if name not in self.lines or self._completed(request, name).digest(name) != call.digest:
            self.drifted.add(step)
        return call

    def _draw(self, step: int, place: int) -> str:
        """Draw a model by weight, among those that are still asked."""
        names = [name for name, line in self.lines.items() if not line.dead] or list(self.lines)
        if not names:
            raise ModelError(Fault.STOPPED, "this run has no model; name one with --model")
        weights = [self.lines[name].settings.weight for name in names]
        total = sum(weights)
        rng = stream(self.seed, step, f"model/{place}")
        return names[int(rng.choice(len(names), p=[weight / total for weight in weights]))]

    def _completed(self, request: Request, model: str) -> Request:
        """Return a request with what its author left to the configuration."""
        if model not in self.lines:
            known = f"there are {', '.join(self.lines)}" if self.lines else "it has none"
            raise ModelError(Fault.UNKNOWN, f"this run has no model {model!r}; {known}")
        settings, most = self.lines[model].settings, self.lines[model].client.capabilities().max_tokens
        longest = request.max_tokens or settings.max_tokens
        changes: dict[str, Any] = {"max_tokens": min(longest, most) if most else longest}
        if request.temperature is None:
            changes["temperature"] = settings.temperature
        return dataclasses.replace(request, **changes)

    def _most(self, request: Request, model: str) -> dict[str, float]:
        """Return what a request costs at most: a token has one byte at least."""
        prompt, completion = prompt_bound(request), request.max_tokens * request.n
        price = self.prices[model]
        return {"usd": price.of(prompt, completion) if price else 0.0, "tokens": float(prompt + completion)}

    def _bill(self, request: Request, answer: Answer, model: str) -> Bill:
        price, estimated = self.prices[model], answer.prompt_tokens is None or answer.completion_tokens is None
        prompt, completion = answer.prompt_tokens or 0, answer.completion_tokens or 0
        if estimated:
            prompt = prompt_bound(request)
            completion = min(
                sum(len(choice.text.encode("utf-8", "replace")) for choice in answer.choices),
                request.max_tokens * request.n,
            )
        usd = price.of(prompt, completion, answer.cached_tokens) if price else 0.0
        return Bill(prompt, completion, usd, estimated)

    def _end_when_all_are_dead(self) -> None:
        dead = [line.dead for line in self.lines.values()]
        if all(dead):
            self.end("no model answers any more: " + "; ".join(dead))

    def _forget(self, task: asyncio.Task[tuple[Answer, Bill]]) -> None:
        self._sent.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asked has seen it, or is gone


@dataclass
class Desk:
    """What one proposal asks models through (`evolve.client.Models`); it keeps the bill.

    Args:
        switchboard: of the run.
        step: the action that the proposal belongs to.
    """

    switchboard: Switchboard
    step: int
    place: int = 0
    calls: int = 0
    tokens: int = 0
    usd: float = 0.0

    @property
    def models(self) -> Mapping[str, Capabilities]:
        """What each model can do, by name."""
        return self.switchboard.models

    def bill(self, shares: int) -> dict[str, float]:
        """Return one of several equal shares of what was asked so far: calls, tokens, US dollars."""
        return {"calls": self.calls / shares, "tokens": self.tokens / shares, "usd": self.usd / shares}

    async def ask(self, request: Request, model: str = "") -> Answer:
        """Ask a model (see `evolve.client.Models.ask`)."""
        place, self.place = self.place, self.place + 1
        self.calls += 1
        answer, bill = await self.switchboard.ask(self.step, place, request, model)
        self.tokens += bill.prompt_tokens + bill.completion_tokens
        self.usd += bill.usd
        return answer


def prompt_bound(request: Request) -> int:
    """Return how many tokens a request has at most: a token has one byte at least."""
    texts = [request.system, request.prefill, *(message.text for message in request.messages)]
    images = sum(len(message.images) for message in request.messages)
    size = sum(len(text.encode("utf-8", "replace")) for text in texts)
    return size + _TOKENS_PER_MESSAGE * len(texts) + _TOKENS_PER_IMAGE * images


def _where(line: Line) -> str:
    address = f" at {line.client.address}" if line.client.address else ""
    return f"model {line.name}{address}"
