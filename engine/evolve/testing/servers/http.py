"""A small HTTP/1.1 server on the loopback interface, with control over every byte that leaves it.

It speaks what the official clients speak: keep-alive, requests with a Content-Length, whole answers and event streams.
An ordinary web framework would refuse to send half an answer or a header in two parts; this one does it on request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

__all__ = ["HttpServer", "Request", "Response"]

_HOST = "127.0.0.1"
_END_OF_HEAD = b"\r\n\r\n"
_PHRASES = {int(status): status.phrase for status in HTTPStatus}  # none for 529; a client needs none


@dataclass(frozen=True)
class Request:
    """A request that has arrived whole.

    Args:
        method: such as "POST".
        path: without the query.
        headers: names in lower case.
        body: as it came.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Response:
    """What goes back, and how.

    Args:
        body: one whole body, or the events of a stream, of which each is one chunk and one write.
        status: HTTP status.
        headers: further headers; lengths and the connection's fate are added.
        head_pause_s: seconds between the status line and the rest.
        cut: send half the body and hang up.
        on_sent: called when the last byte is handed to the socket; never when the response is cut or nobody listens.
    """

    body: bytes | tuple[bytes, ...]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    head_pause_s: float = 0.0
    cut: bool = False
    on_sent: Callable[[], None] | None = None

    def writes(self, keep_alive: bool) -> list[bytes]:
        """Return the bytes of each write, in order; the head travels with the first part of the body.

        Args:
            keep_alive: whether the connection stays open, which the head says.
        """
        if isinstance(self.body, bytes):
            head = self._head({"content-length": str(len(self.body))}, keep_alive)
            return [head + (self.body[: len(self.body) // 2] if self.cut else self.body)]
        chunks = [b"%x\r\n%b\r\n" % (len(event), event) for event in self.body]
        if self.cut:
            chunks = chunks[: max(1, len(chunks) // 2)]
        else:
            chunks[-1] += b"0\r\n\r\n"
        chunks[0] = self._head({"transfer-encoding": "chunked"}, keep_alive) + chunks[0]
        return chunks

    def _head(self, framing: Mapping[str, str], keep_alive: bool) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {_PHRASES.get(self.status, '')}"]
        headers = {**self.headers, **framing, "connection": "keep-alive" if keep_alive else "close"}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode("latin-1") + _END_OF_HEAD


class HttpServer:
    """Serves on a free port of 127.0.0.1 until it is stopped.

    Args:
        handler: answers a request; it is cancelled when the client hangs up.

    Attributes:
        port: the port, once started.
        connections: how many were ever opened.
        in_flight: requests that have arrived and are not answered yet.
        in_flight_peak: the most there ever were at once.
    """

    def __init__(self, handler: Callable[[Request], Awaitable[Response]]) -> None:
        self.handler = handler
        self.port = 0
        self.connections = 0
        self.in_flight = 0
        self.in_flight_peak = 0
        self._listener: asyncio.Server | None = None
        self._open: set[_Connection] = set()

    async def start(self) -> None:
        """Open the port."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: _Connection(self), _HOST, 0, backlog=1024)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port, hang up on every client and wait until all is closed."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        listener.close()
        await asyncio.gather(*(connection.hang_up() for connection in list(self._open)))
        await listener.wait_closed()


class _Connection(asyncio.Protocol):
    """One client; its requests are answered one after the other. asyncio has set TCP_NODELAY on the socket."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._buffer = bytearray()
        self._answering: asyncio.Task[None] | None = None
        self._closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._server.connections += 1
        self._server._open.add(self)
        if self._server._listener is None:
            self._transport.abort()  # accepted in the moment of the stop

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._answer_next()

    def eof_received(self) -> bool:
        return False  # a client that is done writing is gone: the transport closes, and what was asked is cancelled

    def connection_lost(self, exc: Exception | None) -> None:
        self._server._open.discard(self)
        if self._answering is not None:
            self._answering.cancel()
        if not self._closed.done():
            self._closed.set_result(None)

    async def hang_up(self) -> None:
        answering = self._answering
        self._transport.abort()
        await self._closed
        if answering is not None:
            await asyncio.gather(answering, return_exceptions=True)

    def _answer_next(self) -> None:
        if self._answering is not None or self._transport.is_closing():
            return
        try:
            request = _take_request(self._buffer)
        except ValueError as error:
            self._transport.write(Response(str(error).encode(), 400).writes(keep_alive=False)[0])
            self._transport.close()
            return
        if request is not None:
            self._answering = asyncio.get_running_loop().create_task(self._answer(request))

    async def _answer(self, request: Request) -> None:
        server = self._server
        server.in_flight += 1
        server.in_flight_peak = max(server.in_flight_peak, server.in_flight)
        keep_alive = request.headers.get("connection", "").lower() != "close"
        stays = False
        try:
            response = await server.handler(request)
            await self._send(response, keep_alive)
            stays = keep_alive and not response.cut
        finally:
            server.in_flight -= 1
            self._answering = None
            if not stays:
                self._transport.close()
        self._answer_next()

    async def _send(self, response: Response, keep_alive: bool) -> None:
        *before, last = response.writes(keep_alive)
        if response.head_pause_s:
            writes = [*before, last]
            status_line, _, rest = writes[0].partition(b"\r\n")
            self._transport.write(status_line + b"\r\n")
            await asyncio.sleep(response.head_pause_s)
            *before, last = [rest, *writes[1:]]
        for write in before:
            self._transport.write(write)
            await asyncio.sleep(0)  # others get their turn, and a client that hung up is noticed
        # Counted before the write: a client in another thread may read the answer before this function goes on.
        if response.on_sent is not None and not response.cut and not self._transport.is_closing():
            response.on_sent()
        self._transport.write(last)


def _take_request(buffer: bytearray) -> Request | None:
    """Take the next request off the front of a buffer, or nothing while it is not there whole.

    Raises:
        ValueError: it is not HTTP as this server speaks it.
    """
    end = buffer.find(_END_OF_HEAD)
    if end < 0:
        return None
    first, *lines = bytes(buffer[:end]).decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "transfer-encoding" in headers:
        raise ValueError("send the body with a Content-Length")
    start = end + len(_END_OF_HEAD)
    stop = start + int(headers.get("content-length", "0"))
    if len(buffer) < stop:
        return None
    body = bytes(buffer[start:stop])
    del buffer[:stop]
    return Request(method, target.partition("?")[0], headers, body)
