"""The worker's handle on its zygote: start it, ask it for candidates, have them killed."""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import select
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evolve.errors import EvolveError, ProblemError
from evolve.evaluation import Limits
from evolve.sandbox import rungs

__all__ = ["Ended", "WarmParent", "WarmParentDied"]

_START_S = 120.0
_BURIAL_S = 10.0
_PIPE_KB = 64
_BOOT = "import sys; sys.path.insert(0, sys.argv.pop(1)); from evolve.sandbox.zygote import main; main()"
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
}


class WarmParentDied(EvolveError):
    """The zygote is gone, and with it the candidate that it ran."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a candidate ended.

    Args:
        status: as `os.waitpid` gives it.
        cpu_s: CPU seconds of its whole tree.
        memory_bytes: largest resident memory of one of its processes.
    """

    status: int
    cpu_s: float
    memory_bytes: int


class WarmParent:
    """A process that has imported a problem's modules and forks candidates. One candidate at a time.

    Args:
        preload: names of the modules to import.
        primitives: path of the problem's `primitives.py`, or "".
        hidden: folders that candidates may not read, even where they lie beside libraries.
        tier: what candidates may start: "pure", "threads" or "processes".
        highest_rung: the best isolation to try, 1 to 4.

    Raises:
        ProblemError: a module does not import.
        EvolveError: the process does not start.
    """

    def __init__(
        self,
        preload: Sequence[str] = (),
        primitives: str = "",
        hidden: Sequence[str] = (),
        tier: str = "threads",
        highest_rung: int = 1,
    ) -> None:
        if rungs.only_linux():
            raise EvolveError(rungs.only_linux())
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        settings = json.dumps(
            {
                "preload": list(preload),
                "primitives": primitives,
                "hidden": list(hidden),
                "tier": tier,
                "highest_rung": highest_rung,
            }
        )
        root = str(Path(__file__).resolve().parents[2])
        command = [sys.executable, "-s", "-P", "-c", _BOOT, root, str(theirs.fileno()), str(os.getpid()), settings]
        environment = dict(_ENVIRONMENT)
        if "LD_LIBRARY_PATH" in os.environ:
            environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        self._control = ours
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        try:
            answer = self._receive(_START_S)
        except WarmParentDied:
            self.close()
            raise EvolveError("the warm parent of the candidates did not start") from None
        if "error" in answer:
            self.close()
            raise ProblemError(f"what candidates may import does not load: {answer['error']}")
        self.rung: int = answer["rung"]
        self.reasons: tuple[str, ...] = tuple(answer["reasons"])
        self.fences: tuple[str, ...] = tuple(answer["fences"])

    def fileno(self) -> int:
        """Return a descriptor that is readable once the candidate has ended."""
        return self._control.fileno()

    def fork(self, limits: Limits) -> tuple[socket.socket, int]:
        """Start a candidate.

        Args:
            limits: what it may use.

        Returns:
            Our ends of its data channel (not blocking) and of the pipe that takes its output.

        Raises:
            WarmParentDied: there is no zygote any more.
        """
        ours, theirs = socket.socketpair()
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        if limits.output_kb > _PIPE_KB:
            with contextlib.suppress(OSError):
                fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, limits.output_kb << 10)
        cpu_s = limits.cpu_s or limits.wall_s
        order = {
            "cpu_s": math.ceil(cpu_s),
            "memory_bytes": limits.memory_mb << 20,
            "scratch_mb": limits.scratch_mb,
            "threads": limits.threads,
        }
        try:
            socket.send_fds(self._control, [json.dumps(order).encode()], [theirs.fileno(), writer])
        except OSError:
            ours.close()
            os.close(reader)
            raise WarmParentDied("the warm parent of the candidates died") from None
        finally:
            theirs.close()
            os.close(writer)
        ours.setblocking(False)
        return ours, reader

    def finish(self) -> Ended:
        """Kill what is left of the candidate and its tree, and return how it ended.

        Raises:
            WarmParentDied: the zygote does not answer; it is killed with everything below it.
        """
        try:
            self._control.send(b"{}")
        except OSError:
            raise WarmParentDied("the warm parent of the candidates died") from None
        return Ended(**self._receive(_BURIAL_S))

    def close(self) -> None:
        """End the zygote and its candidate."""
        self._control.close()
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _receive(self, patience_s: float) -> dict[str, Any]:
        poller = select.poll()
        poller.register(self._control, select.POLLIN)
        if poller.poll(patience_s * 1000):
            try:
                message = self._control.recv(1 << 16)
            except OSError:
                message = b""
            if message:
                answer: dict[str, Any] = json.loads(message)
                return answer
        self._process.kill()
        raise WarmParentDied("the warm parent of the candidates died")
