"""`Line`: the way to one model: how many requests at once and per minute, retries, timeout, and when to give up."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from dataclasses import dataclass, field

from asyncio_throttle.throttler import Throttler
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from evolve.client import ModelClient
from evolve.messages import Answer, Fault, ModelError, Request
from evolve.tables import ModelTable

__all__ = ["Line"]

_MINUTE_S = 60.0
_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.5, 60.0
_MOST_DOUBLINGS = 10
_LONGEST_WAIT_ASKED_S = 600.0


@dataclass
class Line:
    """Asks one client with good manners.

    Retries wait as long as the server asks, or else 0.5 s, 1 s, 2 s, ... up to a minute, each between half and all of
    it, so that many runs do not come back together. A refused key, an unknown model or a refused request is not tried
    again. After `give_up_after` failures in a row, a refused key or an unknown model, the line is dead: what waits for
    its turn or for its next try is not sent any more.

    Args:
        name: of the model in this run.
        client: who sends.
        settings: see there.
        dead: why it is not asked any more, or "".
    """

    name: str
    client: ModelClient
    settings: ModelTable
    dead: str = ""
    _failures: int = field(default=0, init=False, repr=False)
    _slots: asyncio.Semaphore = field(init=False, repr=False)
    _requests: Throttler | None = field(default=None, init=False, repr=False)
    _tokens: _Window = field(init=False, repr=False)
    _jitter: random.Random = field(default_factory=random.Random, init=False, repr=False)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.settings.concurrency)
        if self.settings.requests_per_minute:
            rate = self.settings.requests_per_minute
            self._requests = Throttler(rate_limit=max(1, int(rate)), period=_MINUTE_S * max(1.0, 1.0 / rate))
        self._tokens = _Window(self.settings.tokens_per_minute)

    def refuse_if_dead(self) -> None:
        """Do nothing while the line is alive.

        Raises:
            ModelError: it is dead.
        """
        if self.dead:
            raise ModelError(Fault.STOPPED, self.dead)

    def hang_up(self) -> None:
        """Send nothing more; what is on its way may still be answered."""
        self.dead = self.dead or "the run has ended"

    async def ask(self, request: Request, tokens: int) -> Answer:
        """Ask, and try again while that may help.

        Args:
            request: what to ask.
            tokens: how many tokens request and answer may have together.

        Raises:
            ModelError: there is no answer.
        """
        self.refuse_if_dead()
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self.settings.retries + 1),
            retry=retry_if_exception(lambda error: isinstance(error, ModelError) and error.fault.passing),
            wait=self._delay,
            reraise=True,
        )
        try:
            async with self._slots:
                answer: Answer = await retrying(self._once, request, tokens)
        except ModelError as error:
            self._count_failure(error)
            raise
        self._failures = 0
        return answer

    def _count_failure(self, error: ModelError) -> None:
        if self.dead:
            return
        self._failures += 1
        if error.fault in (Fault.KEY, Fault.UNKNOWN) or self._failures >= self.settings.give_up_after:
            often = "" if self._failures == 1 else f"{self._failures} requests in a row failed, the last one: "
            self.dead = f"{self.name}: {often}{error}"

    async def _once(self, request: Request, tokens: int) -> Answer:
        taken = await self._tokens.take(tokens)
        if self._requests is not None:
            await self._requests.acquire()  # type: ignore[no-untyped-call]
        self.refuse_if_dead()
        try:
            async with asyncio.timeout(self.settings.timeout_s):
                answer = await self.client.answer(request)
        except TimeoutError:
            raise ModelError(Fault.TIMEOUT, f"no answer within {self.settings.timeout_s:g} s") from None
        if answer.prompt_tokens is not None and answer.completion_tokens is not None:
            self._tokens.correct(taken, answer.prompt_tokens + answer.completion_tokens)
        return answer

    def _delay(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.retry_after_s if isinstance(error, ModelError) else None
        if asked is not None:
            return min(asked, _LONGEST_WAIT_ASKED_S)
        longest = min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0 ** min(state.attempt_number - 1, _MOST_DOUBLINGS))
        return longest * self._jitter.uniform(0.5, 1.0)


@dataclass(slots=True)
class _Taken:
    """So many tokens from one moment on."""

    since: float
    tokens: int


class _Window:
    """At most so many tokens in any minute; 0 is no limit. What is not used of them makes room for others at once."""

    def __init__(self, per_minute: float) -> None:
        self._per_minute = per_minute
        self._taken: deque[_Taken] = deque()
        self._turn = asyncio.Lock()
        self._corrected = asyncio.Event()

    async def take(self, tokens: int) -> _Taken:
        """Wait, first come first served, until there is room for so many tokens, or all room, and take it."""
        loop = asyncio.get_running_loop()
        if not self._per_minute:
            return _Taken(loop.time(), tokens)
        async with self._turn:
            while (wait := self._wait_s(tokens, loop.time())) > 0.0:
                self._corrected.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._corrected.wait()
            self._taken.append(_Taken(loop.time(), tokens))
            return self._taken[-1]

    def correct(self, taken: _Taken, used: int) -> None:
        """Say how many tokens were used of what was taken."""
        taken.tokens = used
        self._corrected.set()

    def _wait_s(self, wanted: int, now: float) -> float:
        """Return how long to wait, seconds, until there is room if nothing is corrected meanwhile."""
        while self._taken and now >= self._taken[0].since + _MINUTE_S:
            self._taken.popleft()
        room, wait = self._per_minute - sum(taken.tokens for taken in self._taken), 0.0
        for taken in self._taken:
            if wanted <= room:
                break
            room, wait = room + taken.tokens, taken.since + _MINUTE_S - now
        return wait
