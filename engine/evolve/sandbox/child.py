"""The candidate's side: runs one program and answers calls over the data channel.

Everything here runs in the untrusted process, after the layers. It is written to be helpful to honest programs; the
other side assumes nothing of it.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import socket
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from evolve.primitives import FuelExhausted, meter
from evolve.sandbox import commands, modules, randomness, wire
from evolve.sandbox.tracebacks import describe_error
from evolve.sandbox.verdicts import explain_error

__all__ = ["Runner", "prepare", "serve"]


class Runner:
    """One program: imported at the first call, then called as often as the other side likes.

    Args:
        files: the program's texts by path.
        main: path of its main file.
        fuel: counted units for each call; None when it is not metered.
        caps: the largest answer.
        tier: what it may start, for its errors.
        scratch_mb: size of its scratch folder, for its errors, MiB.
    """

    def __init__(
        self,
        files: Mapping[str, str],
        main: str,
        fuel: float | None,
        caps: wire.Caps,
        tier: str = "threads",
        scratch_mb: int = 0,
    ) -> None:
        self.tier = tier
        self.scratch_mb = scratch_mb
        self.finder = modules.install(files)
        self.main = main
        self.fuel = math.inf if fuel is None else fuel
        self.caps = caps
        self.module: ModuleType | None = None

    def answer(self, function: str, args: list[Any], kwargs: dict[str, Any]) -> list[bytes | memoryview]:
        """Return the frame that answers one call: `["value", value, fuel]` or `["error"|"memory", text, fuel]`."""
        meter.__init__(self.fuel)  # type: ignore[misc]
        try:
            return wire.encode(["value", self._call(function, args, kwargs), meter.used], self.caps)
        except MemoryError:
            self.module = None
            sys.last_traceback = None
            return wire.encode(["memory", "it used more memory than it may", meter.used])
        except wire.WireError as error:
            return wire.encode(["error", f"{function}() answered what is not data: {error}", meter.used])
        except BaseException as error:  # noqa: BLE001  # border: whatever a program raises is its answer
            why = explain_error(error, self.tier, self.scratch_mb, importing=self.module is None)
            return wire.encode(["error", why + describe_error(error, self.finder.files), meter.used])

    def _call(self, function: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if function == commands.REQUEST:
            return commands.run(self.finder.files, args[0], self.caps.body)
        try:
            if self.module is None:
                self.module = modules.load_main(self.finder, self.main)
            found = getattr(self.module, function, None)
            if not callable(found):
                raise AttributeError(f"{self.main} has no function {function}()")
            return found(*args, **kwargs)
        except FuelExhausted:
            if meter.best is None:
                raise RuntimeError("ran out of fuel before it showed anything") from None
            return meter.best


def serve(channel: socket.socket, tier: str, scratch_mb: int) -> None:
    """Answer calls until the other side hangs up.

    Args:
        channel: this side's end of the data channel; the first call brings the program along.
        tier: what the program may start.
        scratch_mb: size of its scratch folder, MiB.
    """
    runner: Runner | None = None
    while call := _receive(channel):
        if runner is None:
            program = call["program"]
            caps = wire.Caps(body=program["body"])
            runner = Runner(program["files"], program["main"], program["fuel"], caps, tier, scratch_mb)
        for piece in runner.answer(call["function"], call["args"], call["kwargs"]):
            channel.sendall(piece)


def prepare() -> None:
    """Set up, in the zygote, what all candidates inherit: where they print, and how their random sources start."""
    sys.stdin = io.StringIO()
    sys.stdout = sys.stderr = io.TextIOWrapper(_Overflow(), "utf-8", errors="replace", write_through=True)
    randomness.fix_sources()


class _Overflow(io.RawIOBase):
    """Writes to descriptor 1 without ever blocking; the reader looks only once, after the end."""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1

    def write(self, data: Any) -> int:
        view = memoryview(data)
        with contextlib.suppress(OSError):
            os.write(1, view)
        return len(view)


_TRUSTED = wire.Caps(body=1 << 40, header=1 << 31, nodes=1 << 31)


def _receive(channel: socket.socket) -> Any:
    """Return the next frame's data, or None when the other side has hung up."""
    prefix = _read(channel, wire.PREFIX_BYTES)
    if len(prefix) < wire.PREFIX_BYTES:
        return None
    header, body = wire.lengths(prefix, _TRUSTED)
    tree, buffers = _read(channel, header), _read(channel, body)
    if len(tree) < header or len(buffers) < body:
        return None
    return wire.decode(tree, buffers, _TRUSTED, writable=True)


def _read(channel: socket.socket, count: int) -> bytearray:
    """Return so many bytes, or fewer at the end of the stream."""
    data = bytearray(count)
    got = last = channel.recv_into(data, count, socket.MSG_WAITALL) if count else 0
    while last and got < count:  # a signal came between
        last = channel.recv_into(memoryview(data)[got:], count - got, socket.MSG_WAITALL)
        got += last
    if got < count:
        del data[got:]
    return data
