"""Three masses that are too light."""

from __future__ import annotations


# EVOLVE-BLOCK-START
def masses() -> list[float]:
    return [1.0, 1.0, 1.0]


# EVOLVE-BLOCK-END
