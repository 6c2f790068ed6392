"""The main function of a trusted worker process."""

from __future__ import annotations

import contextlib
import signal
import socket
from types import FrameType

from evolve.errors import EvolveError
from evolve.interfaces import Setup
from evolve.judge import Judge
from evolve.sandbox.linux import die_with_parent
from evolve_plugins.executors.channel import pack, receive

__all__ = ["serve"]


def serve(channel: socket.socket, engine: int, setup: Setup) -> None:
    """Do jobs until the engine hangs up.

    Args:
        channel: the worker's end of the channel to the engine.
        engine: process id of the engine; the worker dies with it.
        setup: the problem.
    """
    die_with_parent(engine)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    with contextlib.suppress(_Leave, ConnectionError, EOFError):
        try:
            judge = Judge(setup)
        except EvolveError as error:
            channel.sendall(pack(error))
            return
        with judge, channel.makefile("rb") as jobs:
            channel.sendall(pack(judge.description))
            while True:
                channel.sendall(pack(judge.run(receive(jobs))))


class _Leave(BaseException):
    """The engine wants this worker to end; no problem's code catches it by accident."""


def _leave(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Leave
