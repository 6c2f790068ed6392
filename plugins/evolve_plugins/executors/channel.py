"""What the engine and its worker processes say to each other: a length, then a pickle. Both ends are trusted."""

from __future__ import annotations

import asyncio
import copyreg
import dataclasses
import io
import operator
import pickle
import struct
from collections.abc import Callable
from typing import Any, BinaryIO

from evolve.evaluation import Cost, Limits, Outcome
from evolve.instance import Instance
from evolve.interfaces import Job, JobResult

__all__ = ["hear", "pack", "receive"]

_LENGTH = struct.Struct("<Q")


def _in_order(kind: type[Any]) -> Callable[[Any], tuple[type[Any], tuple[Any, ...]]]:
    fields = operator.attrgetter(*(field.name for field in dataclasses.fields(kind)))
    return lambda thing: (kind, fields(thing))


class _Pickler(pickle.Pickler):
    """Writes what every message holds as a call with its fields; the way of frozen dataclasses takes twice the time."""

    dispatch_table = copyreg.dispatch_table | {
        kind: _in_order(kind) for kind in (Job, JobResult, Outcome, Cost, Limits, Instance)
    }


def pack(message: Any) -> bytes:
    """Return a message as it goes over the channel."""
    buffer = io.BytesIO()
    _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(message)
    return _LENGTH.pack(buffer.tell()) + buffer.getvalue()


async def hear(stream: asyncio.StreamReader) -> Any:
    """Wait for a message, in the engine.

    Raises:
        EOFError: the worker is gone.
    """
    (length,) = _LENGTH.unpack(await stream.readexactly(_LENGTH.size))
    return pickle.loads(await stream.readexactly(length))


def receive(stream: BinaryIO) -> Any:
    """Wait for a message, in a worker.

    Raises:
        EOFError: the engine has hung up.
    """
    (length,) = _LENGTH.unpack(_read(stream, _LENGTH.size))
    return pickle.loads(_read(stream, length))


def _read(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data
