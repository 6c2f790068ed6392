"""`SandboxedCandidate`: the trusted side's handle on one program that runs behind the border."""

from __future__ import annotations

import math
import os
import select
import signal
import socket
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from evolve.errors import CandidateError
from evolve.evaluation import Cost, Limits, Status
from evolve.sandbox import wire
from evolve.sandbox.text import cleaned
from evolve.sandbox.warm import Ended, WarmParent

__all__ = ["SandboxedCandidate"]

_MOST_CHARACTERS = 6000


class SandboxedCandidate:
    """One program in a process of its own, started by the first call and gone after `close`.

    Use it as a context manager. After the end, `cost` says what it used and `output` what it printed.

    Args:
        warm: the zygote to fork from; nobody else may use it meanwhile.
        files: the program's texts by path.
        main: its main file.
        limits: what it may use, all calls together.
    """

    inline = False

    def __init__(self, warm: WarmParent, files: Mapping[str, str], main: str, limits: Limits) -> None:
        self.output = ""
        self._warm = warm
        self._limits = limits
        self._caps = wire.Caps(body=limits.result_mb << 20)
        fuel = None if math.isinf(limits.fuel) else limits.fuel
        self._program = {"files": dict(files), "main": main, "fuel": fuel, "body": self._caps.body}
        self._channel: socket.socket | None = None
        self._reader = -1
        self._spent_s = 0.0
        self._fuel = 0.0
        self._used = Ended(0, 0.0, 0)
        self._end: CandidateError | None = None

    @property
    def cost(self) -> Cost:
        """What all its processes used, settled once it is closed; wall time counts while it was asked something."""
        return Cost(self._spent_s, self._used.cpu_s, self._used.memory_bytes, self._fuel)

    def __enter__(self) -> SandboxedCandidate:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the program's main file and return its answer as plain data.

        Raises:
            CandidateError: the program did not answer.
        """
        if self._end is not None:
            raise self._end
        request: dict[str, Any] = {"function": function, "args": list(args), "kwargs": kwargs}
        if self._channel is None:
            request["program"] = self._program
        frame = wire.encode(request, _OURS)
        begun = time.monotonic()
        deadline = begun + self._limits.wall_s - self._spent_s
        try:
            if self._channel is None:
                self._channel, self._reader = self._warm.fork(self._limits)
            for piece in frame:
                self._send(piece, deadline)
            return self._value(self._receive(deadline))
        finally:
            self._spent_s += time.monotonic() - begun

    def restart(self) -> None:
        """End the program's process; the next call starts it in a new one. Limits and cost go on counting."""
        self.close()
        self._end = None

    def close(self) -> None:
        """Kill the program with everything that it started, and settle its cost."""
        if self._channel is None:
            return
        if self._end is None:
            self._end = CandidateError(Status.KILLED, "the program is closed")
        self._bury()

    def _send(self, piece: bytes | memoryview, deadline: float) -> None:
        assert self._channel is not None
        view = memoryview(piece)
        while view:
            try:
                view = view[self._channel.send(view) :]
            except BlockingIOError:
                self._wait(select.POLLOUT, deadline)
            except OSError:
                raise self._died() from None

    def _receive(self, deadline: float) -> Any:
        try:
            header, body = wire.lengths(self._read(wire.PREFIX_BYTES, deadline), self._caps)
            return wire.decode(self._read(header, deadline), self._read(body, deadline), self._caps)
        except wire.WireError as error:
            raise self._ended(Status.ERROR, f"its answer cannot be read: {error}") from None

    def _read(self, count: int, deadline: float) -> bytearray:
        assert self._channel is not None
        data = bytearray(count)
        view = memoryview(data)
        while view:
            try:
                got = self._channel.recv_into(view)
            except BlockingIOError:
                self._wait(select.POLLIN, deadline)
                continue
            except OSError:
                got = 0
            if not got:
                raise self._died()
            view = view[got:]
        return data

    def _wait(self, event: int, deadline: float) -> None:
        """Wait until the channel is ready.

        Raises:
            CandidateError: time is up, or the program has ended.
        """
        assert self._channel is not None
        poller = select.poll()
        poller.register(self._channel, event)
        poller.register(self._warm, select.POLLIN)
        ready = poller.poll(max(0.0, deadline - time.monotonic()) * 1000)
        if not ready:
            raise self._timeout()
        if all(descriptor != self._channel.fileno() for descriptor, _ in ready):
            raise self._died()

    def _value(self, answer: Any) -> Any:
        match answer:
            case ["value", value, float(fuel)]:
                self._fuel += fuel if math.isfinite(fuel) else 0.0
                return value
            case [("error" | "memory") as kind, str(text), float(fuel)]:
                self._fuel += fuel if math.isfinite(fuel) else 0.0
                raise CandidateError(Status(kind), cleaned(text, _MOST_CHARACTERS))
        raise self._ended(Status.ERROR, "its answer cannot be read: it is no answer to a call")

    def _ended(self, status: Status, detail: str) -> CandidateError:
        """Note that the program is over, and why."""
        self._end = CandidateError(status, detail)
        self._bury()
        return self._end

    def _timeout(self) -> CandidateError:
        """Kill it, and say what it did with its time."""
        used = self._bury().cpu_s
        idle = "; it waited rather than computed" if used < self._limits.wall_s / 10 else ""
        detail = f"it took longer than {self._limits.wall_s:g} s of wall time ({used:.2f} s of CPU time{idle})"
        self._end = CandidateError(Status.TIMEOUT, detail)
        return self._end

    def _died(self) -> CandidateError:
        """Find out how the program died."""
        ended = self._bury()
        self._end = CandidateError(*_how(ended, self._limits))
        return self._end

    def _bury(self) -> Ended:
        assert self._channel is not None
        self._channel.close()
        self._channel = None
        try:
            ended = self._warm.finish()
        finally:
            self.output += self._printed()
        memory = max(self._used.memory_bytes, ended.memory_bytes)
        self._used = Ended(ended.status, self._used.cpu_s + ended.cpu_s, memory)
        return ended

    def _printed(self) -> str:
        try:
            data = os.read(self._reader, self._limits.output_kb << 10)
        except BlockingIOError:
            data = b""
        finally:
            os.close(self._reader)
        return cleaned(data.decode(errors="replace"), self._limits.output_kb << 10)


_NEARLY = 0.7
_MEANINGS = {
    "SIGSEGV": "it touched memory that is not its own, overflowed the stack, or called abort()",
    "SIGABRT": "it called abort(), as C libraries do when they find their memory damaged",
    "SIGFPE": "a division by zero in compiled code",
    "SIGILL": "an instruction that this processor does not have",
    "SIGBUS": "it touched memory that is not there",
    "SIGXFSZ": "it wrote a file that is larger than it may be",
}
_OURS = wire.Caps(body=1 << 32, header=1 << 28, nodes=1 << 28)


def _how(ended: Ended, limits: Limits) -> tuple[Status, str]:
    code = os.waitstatus_to_exitcode(ended.status)
    if code >= 0:
        return Status.KILLED, f"it exited with code {code} without an answer"
    most = limits.cpu_s or limits.wall_s
    if -code == signal.SIGKILL and ended.cpu_s >= _NEARLY * most:  # the kernel counts in ticks, and kills by those
        return Status.TIMEOUT, f"it used {ended.cpu_s:.2f} s of CPU time, the limit is {most:g} s"
    if -code == signal.SIGKILL:
        return Status.KILLED, "it hung up, or was killed by signal SIGKILL, without an answer"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    meaning = _MEANINGS.get(name, "")
    return Status.KILLED, f"it was killed by signal {name}" + (f": {meaning}" if meaning else "")
