"""`LocalProcesses`: jobs run in trusted worker processes on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Annotated, Any

from pydantic import Field

from evolve.errors import EvolveError
from evolve.evaluation import Outcome, Status
from evolve.interfaces import Description, Executor, Job, JobResult, Setup
from evolve_plugins.executors.channel import hear, pack

__all__ = ["LocalProcesses"]

_START_S = 120.0
_TRUSTED_S = 30.0
_CLOSE_S = 3.0
_LOST = (OSError, EOFError, TimeoutError)


@dataclass
class LocalProcesses(Executor):
    """Run jobs in worker processes that outlive candidates, each with its own sandbox.

    The first worker starts with the executor, the others when there is work for them. One that dies, or does not
    answer within the job's wall time and half a minute, is replaced, and its job is tried once more.

    Args:
        workers: how many; 0 means one for each CPU that this process may use.
    """

    workers: Annotated[int, Field(ge=0)] = 0
    _setup: Setup | None = field(default=None, init=False, repr=False)
    _places: deque[_Worker | None] = field(default_factory=deque, init=False, repr=False)
    _free: asyncio.Semaphore = field(init=False, repr=False)
    _all: set[_Worker] = field(default_factory=set, init=False, repr=False)
    _closed: bool = field(default=False, init=False, repr=False)

    @property
    def capacity(self) -> int:
        """How many jobs run at once."""
        return self.workers or _cpus()

    async def start(self, setup: Setup) -> Description:
        """Bring up the first worker.

        Raises:
            ProblemError: the problem's own code does not load.
            EvolveError: the worker cannot start.
        """
        self._setup = setup
        self._free = asyncio.Semaphore(self.capacity)
        worker, description = await self._hire()
        self._places.extend([None] * (self.capacity - 1))
        self._places.append(worker)
        return description

    async def run(self, job: Job) -> JobResult:
        """Run one job in the next free worker. Cancelling it ends that worker, and its candidate with it."""
        async with self._free:
            for _ in range(2):
                with contextlib.suppress(*_LOST):
                    return await self._try(job)
        broken = "its worker process died or hung, twice"
        if job.kind == "evaluate":
            return JobResult(outcome=Outcome.failed(Status.INFRASTRUCTURE, broken))
        return JobResult(error=broken)

    async def close(self) -> None:
        """Kill what still runs and leave no process behind."""
        self._closed = True
        await asyncio.gather(*(worker.close() for worker in self._all))
        self._all.clear()

    async def _try(self, job: Job) -> JobResult:
        worker = self._places.pop()
        healthy = False
        try:
            if worker is None:
                worker = await self._hire_again()
            result: JobResult = await worker.ask(job, job.limits.wall_s + _TRUSTED_S)
            healthy = True
            return result
        finally:
            self._places.append(worker if healthy else None)
            if worker is not None and not healthy:
                worker.dismiss()

    async def _hire_again(self) -> _Worker:
        """Start a further worker; the problem has loaded before, so one that does not start is tried again."""
        with contextlib.suppress(EvolveError):
            return (await self._hire())[0]
        return (await self._hire())[0]

    async def _hire(self) -> tuple[_Worker, Description]:
        assert self._setup is not None
        if self._closed:
            raise EvolveError("the executor is closed")
        worker = _Worker(self._setup)
        self._all.add(worker)
        healthy = False
        try:
            answer = await worker.hear(_START_S)
            if isinstance(answer, EvolveError):
                raise answer
            assert isinstance(answer, Description)
            healthy = True
            return worker, answer
        except _LOST as error:
            raise EvolveError("a worker process did not start; is this machine out of memory?") from error
        finally:
            if not healthy:
                worker.dismiss()


class _Worker:
    """The engine's end of one worker process."""

    def __init__(self, setup: Setup) -> None:
        import multiprocess

        from evolve_plugins.executors.worker import serve

        self._ours, theirs = socket.socketpair()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._leaving: asyncio.Task[None] | None = None
        start = multiprocess.get_context("spawn").Process
        self._process = start(target=serve, args=(theirs, os.getpid(), setup), daemon=True)
        with theirs, _no_main_module():
            self._process.start()

    async def ask(self, job: Job, patience_s: float) -> Any:
        """Send a job and wait for its result."""
        return await self.hear(patience_s, pack(job))

    async def hear(self, patience_s: float, first_say: bytes = b"") -> Any:
        """Wait for a message.

        Raises:
            EOFError: the worker is gone.
            TimeoutError: it did not answer in time.
        """
        async with asyncio.timeout(patience_s):
            if self._streams is None:
                self._streams = await asyncio.open_connection(sock=self._ours)
            reader, writer = self._streams
            if first_say:
                writer.write(first_say)
                await writer.drain()
            return await hear(reader)

    def dismiss(self) -> None:
        """Have it kill its candidate and end; force it when it does not listen."""
        if self._leaving is None:
            self._leaving = asyncio.get_running_loop().create_task(self._leave())

    async def close(self) -> None:
        """Wait until it is gone."""
        self.dismiss()
        assert self._leaving is not None
        await self._leaving

    async def _leave(self) -> None:
        if self._streams is None:
            self._ours.close()
        else:
            self._streams[1].close()
        if self._process.is_alive():
            os.kill(self._process.pid, signal.SIGTERM)
        await asyncio.to_thread(self._process.join, _CLOSE_S)
        if self._process.is_alive():
            self._process.kill()
            await asyncio.to_thread(self._process.join)


@contextlib.contextmanager
def _no_main_module() -> Iterator[None]:
    """Keep spawn from importing the caller's script in the worker, which needs nothing of it."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
