"""The main function of a trusted worker process."""

from __future__ import annotations

import contextlib
import pickle
import signal
import socket
import struct
from types import FrameType
from typing import Any

from evolve.errors import EvolveError
from evolve.interfaces import Setup
from evolve.judge import Judge
from evolve.sandbox.linux import die_with_parent

__all__ = ["serve"]

_LENGTH = struct.Struct("<Q")


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
    with contextlib.suppress(_Leave, ConnectionError):
        try:
            judge = Judge(setup)
        except EvolveError as error:
            _send(channel, error)
            return
        with judge:
            _send(channel, judge.description)
            while prefix := _read(channel, _LENGTH.size):
                (length,) = _LENGTH.unpack(prefix)
                _send(channel, judge.run(pickle.loads(_read(channel, length))))


class _Leave(BaseException):
    """The engine wants this worker to end; no problem's code catches it by accident."""


def _leave(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Leave


def _send(channel: socket.socket, message: Any) -> None:
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    channel.sendall(_LENGTH.pack(len(data)) + data)


def _read(channel: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = channel.recv(count - len(data))
        if not piece:
            return b""
        data += piece
    return bytes(data)
