"""The main function of a trusted worker process."""

from __future__ import annotations

import pickle
import signal
import socket
import struct
import sys
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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        judge = Judge(setup)
    except EvolveError as error:
        _send(channel, error)
        return
    with judge:
        _send(channel, judge.description)
        while True:
            prefix = _read(channel, _LENGTH.size)
            if len(prefix) < _LENGTH.size:
                return
            (length,) = _LENGTH.unpack(prefix)
            _send(channel, judge.run(pickle.loads(_read(channel, length))))


def _send(channel: socket.socket, message: Any) -> None:
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    channel.sendall(_LENGTH.pack(len(data)) + data)


def _read(channel: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = channel.recv(count - len(data))
        if not piece:
            break
        data += piece
    return bytes(data)
