"""Random streams: every draw of a run comes from a stream keyed by (run seed, step, who draws)."""

from __future__ import annotations

import hashlib

from numpy.random import PCG64, Generator

__all__ = ["stream"]


def stream(seed: int, step: int, who: str) -> Generator:
    """Return the random stream of one plugin at one step of a run.

    The same three arguments always give the same stream, whatever was drawn elsewhere, so that a decision can be
    repeated from the record.

    Args:
        seed: the run's seed.
        step: number of the action.
        who: name of the consumer, such as "strategy".
    """
    key = hashlib.blake2b(f"{seed}/{step}/{who}".encode(), digest_size=16).digest()
    return Generator(PCG64(int.from_bytes(key, "little")))
