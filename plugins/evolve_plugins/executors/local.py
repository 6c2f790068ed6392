"""`LocalProcesses`: jobs run in trusted worker processes on this machine."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Annotated, Any

from evolve.errors import EvolveError
from evolve.evaluation import Outcome, Status
from evolve.interfaces import Description, Executor, Job, JobResult, Setup
from pydantic import Field

__all__ = ["LocalProcesses"]

_LENGTH = struct.Struct("<Q")
_START_S = 120.0
_TRUSTED_S = 30.0
_CLOSE_S = 3.0


@dataclass
class LocalProcesses(Executor):
    """Run jobs in worker processes that outlive candidates, each with its own sandbox.

    Args:
        workers: how many; 0 means one for each CPU that this process may use.
    """

    workers: Annotated[int, Field(ge=0)] = 0
    _setup: Setup | None = field(default=None, init=False, repr=False)
    _all: set[_Worker] = field(default_factory=set, init=False, repr=False)
    _idle: deque[_Worker | None] = field(default_factory=deque, init=False, repr=False)
    _free: asyncio.Semaphore = field(init=False, repr=False)

    @property
    def capacity(self) -> int:
        """How many jobs run at once."""
        return self.workers or len(os.sched_getaffinity(0))

    async def start(self, setup: Setup) -> Description:
        """Bring up one worker, and the others when there is work for them.

        Raises:
            EvolveError: the problem's own code does not load, or the worker cannot start.
        """
        self._setup = setup
        self._free = asyncio.Semaphore(self.capacity)
        worker, description = await self._hire()
        self._idle.extend([None] * (self.capacity - 1))
        self._idle.append(worker)
        return description

    async def run(self, job: Job) -> JobResult:
        """Run one job; a worker that crashes or hangs is replaced, and the job is tried once more."""
        async with self._free:
            for _ in range(2):
                worker = self._idle.pop()
                try:
                    worker = worker or (await self._hire())[0]
                    result = await worker.ask(job, job.limits.wall_s + _TRUSTED_S)
                except (OSError, EOFError, TimeoutError):
                    if worker is not None:
                        self._dismiss(worker)
                    self._idle.append(None)
                except BaseException:
                    if worker is not None:
                        self._dismiss(worker)
                    self._idle.append(None)
                    raise
                else:
                    self._idle.append(worker)
                    assert isinstance(result, JobResult)
                    return result
        broken = "its worker process died or hung, twice"
        return JobResult(outcome=Outcome.failed(Status.INFRASTRUCTURE, broken), error=broken)

    async def close(self) -> None:
        """Kill what still runs and leave no process behind."""
        workers = list(self._all)
        self._idle.clear()
        await asyncio.gather(*(worker.close() for worker in workers))
        self._all.clear()

    async def _hire(self) -> tuple[_Worker, Description]:
        assert self._setup is not None
        worker = _Worker(self._setup)
        self._all.add(worker)
        try:
            answer = await worker.listen(_START_S)
        except (OSError, EOFError, TimeoutError) as error:
            self._dismiss(worker)
            raise EvolveError("a worker process did not start; is this machine out of memory?") from error
        if isinstance(answer, EvolveError):
            self._dismiss(worker)
            raise answer
        return worker, answer

    def _dismiss(self, worker: _Worker) -> None:
        worker.kill()


class _Worker:
    """The engine's end of one worker process."""

    def __init__(self, setup: Setup) -> None:
        import multiprocess

        from evolve_plugins.executors.worker import serve

        ours, theirs = socket.socketpair()
        self._process = multiprocess.get_context("spawn").Process(
            target=serve, args=(theirs, os.getpid(), setup), daemon=True
        )
        self._process.start()
        theirs.close()
        ours.setblocking(False)
        self._socket = ours

    async def ask(self, job: Job, patience_s: float) -> Any:
        """Send a job and wait for its result."""
        data = pickle.dumps(job, pickle.HIGHEST_PROTOCOL)
        await asyncio.get_running_loop().sock_sendall(self._socket, _LENGTH.pack(len(data)) + data)
        return await self.listen(patience_s)

    async def listen(self, patience_s: float) -> Any:
        """Wait for a message."""
        async with asyncio.timeout(patience_s):
            (length,) = _LENGTH.unpack(await self._read(_LENGTH.size))
            return pickle.loads(await self._read(length))

    def kill(self) -> None:
        """Make it kill its candidate and end."""
        self._socket.close()
        if self._process.is_alive():
            os.kill(self._process.pid, signal.SIGTERM)

    async def close(self) -> None:
        """End it, by force when it does not listen."""
        self.kill()
        await asyncio.to_thread(self._process.join, _CLOSE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    async def _read(self, count: int) -> bytearray:
        loop = asyncio.get_running_loop()
        data = bytearray(count)
        view = memoryview(data)
        while view:
            got = await loop.sock_recv_into(self._socket, view)
            if not got:
                raise EOFError("the worker hung up")
            view = view[got:]
        return data
