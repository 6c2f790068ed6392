"""Laws of nature that a search may find again from noisy measurements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["LAWS", "Law"]

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Law:
    """A law of nature to find again.

    Args:
        text: as people write it.
        target: of three inputs x0, x1, x2.
        low, high: where the inputs lie on which a formula is fitted; the sealed test lies beyond `high`.
    """

    text: str
    target: Callable[[Array, Array, Array], Array]
    low: tuple[float, float, float]
    high: tuple[float, float, float]


LAWS = {
    "gravity": Law(
        "force = 6.674 x0 x1 / x2^2: two masses x0 and x1 at distance x2 (Feynman I.9.18, simplified)",
        lambda m, n, r: 6.674 * m * n / r**2,
        (1.0, 1.0, 1.0),
        (5.0, 5.0, 5.0),
    ),
    "kepler": Law(
        "period = 2 pi sqrt(x0^3 / (x1 + x2)): two bodies at distance x0, of masses x1 and x2",
        lambda a, m, n: 2 * np.pi * np.sqrt(a**3 / (m + n)),
        (1.0, 1.0, 1.0),
        (5.0, 5.0, 5.0),
    ),
    "lens": Law(
        "focal length = 1 / (1 / x0 + x2 / x1): object at x0, image at x1, refractive index x2 (Feynman I.27.6)",
        lambda d, e, n: 1 / (1 / d + n / e),
        (1.0, 1.0, 1.0),
        (5.0, 5.0, 5.0),
    ),
    "swing": Law(
        "place = x0 exp(-0.3 x1) cos(x1 x2): a damped oscillation of amplitude x0, at time x1, of frequency x2",
        lambda a, t, w: a * np.exp(-0.3 * t) * np.cos(w * t),
        (1.0, 0.0, 1.0),
        (3.0, 4.0, 2.0),
    ),
    "gas": Law(
        "pressure = 8.314 x0 / (x1 - 0.04) - 0.36 x2 / x1^2: van der Waals",
        lambda t, v, a: 8.314 * t / (v - 0.04) - 0.36 * a / v**2,
        (1.0, 0.1, 1.0),
        (4.0, 1.0, 4.0),
    ),
}
