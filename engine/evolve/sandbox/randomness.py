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

    Seeds that programs leave out come from there: `numpy.random.default_rng()`, `secrets`, `uuid.uuid4()`.
    """
    stream = random.Random(0)
    entropy: Any = stream.randbytes
    os.urandom = entropy
    vars(random)["_urandom"] = entropy
    random.seed(0)
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed(0)
        vars(sys.modules["numpy.random.bit_generator"])["randbits"] = stream.getrandbits
