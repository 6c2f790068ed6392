"""Planning domains written for this project, and makers of their problems: a `NAME.pddl` and a `NAME.py` each.

Some are variants of well-known domains; the texts and the makers are our own, and no benchmark set is copied.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from evolve import ProblemError

from . import blocksworld, childsnack, gripper, logistics, rovers, sokoban, transport, visitall
from .writing import Draft

__all__ = ["DOMAINS", "domain_text", "generate"]

_MAKERS: dict[str, Callable[[int, np.random.Generator], Draft]] = {
    "blocksworld": blocksworld.draft,
    "gripper": gripper.draft,
    "logistics": logistics.draft,
    "childsnack": childsnack.draft,
    "rovers": rovers.draft,
    "sokoban": sokoban.draft,
    "transport": transport.draft,
    "visitall": visitall.draft,
}

DOMAINS = tuple(_MAKERS)
"""The names of the domains. A domain's place seeds its problems, so new ones are added at the end."""


@functools.cache
def domain_text(domain: str) -> str:
    """Return the PDDL text of a domain.

    Raises:
        ProblemError: there is no domain of this name.
    """
    _check(domain)
    return (Path(__file__).parent / f"{domain}.pddl").read_text(encoding="utf-8")


def generate(domain: str, size: int, seed: int) -> str:
    """Return the PDDL text of a random problem that has a solution by the way it is made.

    Args:
        domain: one of `DOMAINS`.
        size: how large the problem is, at least 2; what it counts (blocks, balls, packages) is the domain's.
        seed: which of the problems of that size, at least 0. The same arguments give the same text.

    Raises:
        ProblemError: there is no such domain, or a number is too small.
    """
    _check(domain)
    if size < 2 or seed < 0:
        raise ProblemError(f"size {size} and seed {seed} make no problem: write a size from 2, a seed from 0")
    rng = np.random.default_rng((DOMAINS.index(domain), size, seed))
    return _MAKERS[domain](size, rng).text(f"{domain}-{size}-{seed}", domain)


def _check(domain: str) -> None:
    if domain not in _MAKERS:
        raise ProblemError(f"there is no planning domain {domain!r}; the domains are {', '.join(DOMAINS)}")
