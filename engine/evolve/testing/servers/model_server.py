"""What the model servers have in common: the account of requests, faults, keys, limits, and a life in a thread."""

from __future__ import annotations

import abc
import asyncio
import dataclasses
import functools
import inspect
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, ClassVar, Self

from evolve.testing.servers.behaviours import Behaviour
from evolve.testing.servers.body import Refused, read_json
from evolve.testing.servers.conversation import Conversation, Reply
from evolve.testing.servers.exchange import Answer, Exchange
from evolve.testing.servers.faults import Damage, Fault, Faults
from evolve.testing.servers.http import HttpServer, Request, Response

__all__ = ["ModelServer"]


@dataclass(eq=False)
class ModelServer(abc.ABC):
    """A model server on 127.0.0.1: `async with` it, or `with server.in_thread()` where no event loop runs.

    An error that the behaviour raises is answered with status 500, and raised again when the server stops.

    Args:
        behaviour: what it answers.
        key: the key that clients must send, or "" for any.
        models: the names that it serves, or () for any.
        faults: what goes wrong at which requests.
        latency_s: seconds before each request is looked at.

    Attributes:
        received: the body of each request for an answer, in order of arrival, refused ones included.
        answered: responses sent whole; a refusal, a broken response, and one whose client is gone do not count.
        prompt_tokens: tokens of their prompts.
        completion_tokens: tokens of their answers.
    """

    behaviour: Behaviour
    key: str = ""
    models: Sequence[str] = ()
    faults: Faults = field(default_factory=Faults)
    latency_s: float = 0.0
    received: list[dict[str, Any]] = field(default_factory=list, init=False, repr=False)
    answered: int = field(default=0, init=False)
    prompt_tokens: int = field(default=0, init=False)
    completion_tokens: int = field(default=0, init=False)

    _route: ClassVar[str]  # where answers are asked for, below /v1
    _base: ClassVar[str] = ""  # what the client library wants after the address

    def __post_init__(self) -> None:
        self._http = HttpServer(self._handle)
        self._requests = 0
        self._errors: list[Exception] = []

    @property
    def url(self) -> str:
        """The base URL to hand to the client library."""
        return f"http://127.0.0.1:{self._http.port}{self._base}"

    @property
    def in_flight_peak(self) -> int:
        """The most requests that were waiting for their response at once."""
        return self._http.in_flight_peak

    @property
    def connections(self) -> int:
        """How many connections clients have opened."""
        return self._http.connections

    async def __aenter__(self) -> Self:
        await self._http.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.stop()
        if error is None and self._errors:
            raise self._errors[0]

    @contextmanager
    def in_thread(self) -> Iterator[Self]:
        """Serve from a thread with an event loop of its own, for tests of whatever blocks."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="model server", daemon=True)
        thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self.__aenter__(), loop).result()
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._http.stop(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()
        if self._errors:
            raise self._errors[0]

    async def _handle(self, request: Request) -> Response:
        path = request.path.removeprefix("/v1")
        try:
            if (request.method, path) == ("POST", self._route):
                return await self._answer(request)
            if (request.method, path) == ("GET", "/models"):
                self._check_key(request)
                return self._respond(self._model_list())
            raise Refused(404, f"there is no {request.method} {request.path}")
        except Refused as refused:
            return self._refuse(refused)
        except Exception as error:  # noqa: BLE001  # border: the behaviour is the test's code; its error ends the test
            self._errors.append(error)
            return self._refuse(Refused(500, f"{type(error).__name__}: {error}"))

    async def _answer(self, request: Request) -> Response:
        self._requests += 1
        number, fault = self._requests, self.faults.at(self._requests)
        body = read_json(request.body)
        self.received.append(body)
        await asyncio.sleep(self.latency_s + fault.latency_s)
        if fault.status >= 400:
            raise Refused(fault.status, "injected by the test", retry_after=fault.retry_after)
        self._check_key(request)
        conversation = self._read(request, body)
        if self.models and conversation.model not in self.models:
            raise Refused(404, f"the model '{conversation.model}' does not exist", "model_not_found")
        samples = [dataclasses.replace(conversation, sample=sample) for sample in range(conversation.n)]
        replies = await asyncio.gather(*map(self._ask, samples))
        answers = tuple(Answer.within(reply, conversation).damaged(fault.damage) for reply in replies)
        return self._deliver(Exchange(number, conversation, answers, fault.damage is not Damage.NO_USAGE), fault)

    async def _ask(self, conversation: Conversation) -> Reply:
        reply = self.behaviour.answer(conversation)
        return await reply if inspect.isawaitable(reply) else reply

    def _deliver(self, exchange: Exchange, fault: Fault) -> Response:
        malformed = fault.damage is Damage.MALFORMED
        if exchange.conversation.asked.get("stream"):
            events = self._events(exchange)
            middle = len(events) // 2
            body = (*events[:middle], events[middle][: 2 * len(events[middle]) // 3] + b"\n\n") if malformed else events
            response = Response(tuple(body), headers={**self._headers(), "content-type": "text/event-stream"})
        else:
            response = self._respond(self._body(exchange))
            if malformed:
                response = dataclasses.replace(response, body=response.body[: len(response.body) // 2])
        return dataclasses.replace(
            response,
            head_pause_s=fault.head_pause_s,
            cut=fault.damage is Damage.CUT,
            on_sent=None if malformed else functools.partial(self._count, exchange),
        )

    def _count(self, exchange: Exchange) -> None:
        self.answered += 1
        self.prompt_tokens += exchange.conversation.prompt_tokens
        self.completion_tokens += exchange.completion_tokens

    def _check_key(self, request: Request) -> None:
        if self.key and self._key(request) != self.key:
            raise Refused(401, "the key is wrong")

    def _respond(self, body: object, status: int = 200) -> Response:
        return Response(
            json.dumps(body, separators=(",", ":")).encode(),
            status,
            {**self._headers(), "content-type": "application/json"},
        )

    def _refuse(self, refused: Refused) -> Response:
        response = self._respond(self._error(refused), refused.status)
        if refused.retry_after is None:
            return response
        return dataclasses.replace(response, headers={**response.headers, "retry-after": f"{refused.retry_after:g}"})

    # What a protocol says in its own words.

    @abc.abstractmethod
    def _key(self, request: Request) -> str: ...

    @abc.abstractmethod
    def _headers(self) -> dict[str, str]: ...

    @abc.abstractmethod
    def _model_list(self) -> dict[str, Any]: ...

    @abc.abstractmethod
    def _read(self, request: Request, body: dict[str, Any]) -> Conversation: ...

    @abc.abstractmethod
    def _body(self, exchange: Exchange) -> dict[str, Any]: ...

    @abc.abstractmethod
    def _events(self, exchange: Exchange) -> list[bytes]: ...

    @abc.abstractmethod
    def _error(self, refused: Refused) -> dict[str, Any]: ...
