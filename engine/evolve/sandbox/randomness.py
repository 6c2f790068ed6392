"""Random sources of candidates: all start the same, so that a program answers the same twice, on any worker.

What a program can still tell apart two runs by is the clock.
"""

from __future__ import annotations

import os
import random
import sys
from typing import Any

__all__ = ["fix_sources"]


def fix_sources() -> None:
    """Replace the system's entropy by a fixed stream, and seed the global generators; called once, in the zygote.

    Seeds that programs leave out come from there: `random.Random()`, `numpy.random.default_rng()`, `secrets`,
    `uuid.uuid4()`.
    """
    stream = random.Random(0)
    entropy: Any = stream.randbytes
    os.urandom = entropy
    vars(random)["_urandom"] = entropy
    seed = random.Random.seed

    def fixed(self: random.Random, a: Any = None, version: int = 2) -> None:
        seed(self, int.from_bytes(entropy(32), "little") if a is None else a, version)  # None asks the kernel, in C

    vars(random)["seed"] = fixed.__get__(vars(random)["_inst"])
    random.Random.seed = fixed  # type: ignore[method-assign]
    random.seed(0)
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed(0)
        vars(sys.modules["numpy.random.bit_generator"])["randbits"] = stream.getrandbits
