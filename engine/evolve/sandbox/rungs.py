"""The ladder of isolation: which rung this machine really offers, found out by climbing.

1. Linux as root (or with CAP_SYS_ADMIN): namespaces, and a user id of its own for each zygote's candidates.
2. Linux as an ordinary user: the same namespaces, made inside a user namespace.
3. Linux without namespaces, as inside a default Docker container: Landlock, system call filter, limits.
4. Linux without Landlock: filter and limits; a candidate can read what any user can read.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from evolve.sandbox import layers, namespaces

__all__ = [
    "LOWEST",
    "NAMES",
    "NAMESPACES",
    "begin",
    "close_in",
    "find",
    "how_to_get",
    "no_scratch",
    "only_linux",
    "refusal",
]

LOWEST = 4
NAMESPACES = 2
"""The last rung with namespaces."""

NAMES = {
    1: "namespaces as root, and a user of its own",
    2: "namespaces as an ordinary user",
    3: "Landlock and a system call filter, no namespaces",
    4: "a system call filter and limits only: candidates can read what any user can",
}
"""What holds on each rung, in a few words."""

_WANTED = {
    1: "run as root, or give the container CAP_SYS_ADMIN",
    2: "allow user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu, "
    "user.max_user_namespaces above 0, or `docker run --security-opt seccomp=unconfined`",
    3: "a kernel of 5.13 or later with Landlock on (`lsm=landlock,...` on its command line), on x86-64 or arm64",
}
_ENTRY = 0xFFFF


def how_to_get(rung: int) -> str:
    """Return what a machine needs for a rung, and how to get it."""
    return _WANTED.get(rung, "Linux")


def only_linux() -> str:
    """Return why candidates cannot run on this system, in one line, or "" where they can."""
    if sys.platform == "linux":
        return ""
    return (
        "candidates run on Linux only: nothing on macOS or Windows would keep them in; "
        "use a Linux container (the Dockerfile of evolve builds one) or, on Windows, WSL2"
    )


def refusal(rung: int, reasons: Sequence[str], required: int, tier: str) -> str:
    """Return in one line why a run may not start on a rung, and what to do, or "".

    Args:
        rung: what this machine offers.
        reasons: why it does not offer more.
        required: the weakest rung to accept.
        tier: of the candidates.
    """
    why = f" ({'; '.join(reasons)})" if reasons else ""
    if tier == "processes" and rung > NAMESPACES:
        return (
            f'the tier "processes" needs isolation of rung {NAMESPACES} or better, '
            f"this machine offers rung {rung}{why}: " + how_to_get(NAMESPACES)
        )
    if rung > required:
        return (
            f"this machine isolates candidates on rung {rung} only: {NAMES[rung]}{why}; "
            f"sandbox.required is {required}: {how_to_get(required)}; or accept it with --allow-weak"
        )
    return ""


def no_scratch(rung: int) -> str:
    """Return why a rung without namespaces has no scratch folder."""
    return (
        f"limits.scratch_mb needs isolation of rung {NAMESPACES} or better, this machine offers rung {rung}; "
        f"{how_to_get(NAMESPACES)}"
    )


def find(highest: int, tier: str, hidden: Sequence[str]) -> tuple[int, list[str]]:
    """Climb the ladder in processes that are thrown away: namespaces that are half entered cannot be left.

    Args:
        highest: the best rung to try.
        tier: of the candidates.
        hidden: folders that they may not see.

    Returns:
        The best rung that holds, and for each better one that was tried why it does not.
    """
    reasons: list[str] = []
    for rung in range(highest, LOWEST):
        why = _try(rung, tier, hidden)
        if not why:
            return rung, reasons
        reasons.append(f"rung {rung}: {why}")
    return LOWEST, reasons


def begin(rung: int, parent: int) -> int | None:
    """Enter a rung's namespaces: the first half, before anything is imported. Whoever called may stay behind.

    Args:
        rung: which one.
        parent: process id of this process's parent.

    Returns:
        The user id that candidates get, or None when they keep the zygote's.

    Raises:
        OSError: a step is refused.
    """
    if rung > 2:
        return None
    user = namespaces.slot_user() if rung == 1 else None
    namespaces.enter(parent, user=rung == 2)
    return user


def close_in(rung: int, tier: str, hidden: Sequence[str], user: int | None) -> layers.Fence:
    """Put up a rung's fence: the second half, after everything is imported.

    Args:
        rung: which one.
        tier: of the candidates.
        hidden: folders that they may not see.
        user: what `begin` returned.

    Raises:
        OSError: a step is refused.
    """
    fence = layers.Fence(rung, tier, tuple(hidden), user)
    layers.raise_fence(fence)
    return fence


def _try(rung: int, tier: str, hidden: Sequence[str]) -> str:
    """Return why a rung does not hold here, or ""."""
    reader, writer = os.pipe()
    here = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _climb(rung, tier, hidden, here, writer)
    os.close(writer)
    with open(reader, encoding="utf-8", errors="replace") as report:
        why = report.read().strip()
    _, status = os.waitpid(pid, 0)
    return why or ("" if status == 0 else f"the trial ended with status {status}")


def _climb(rung: int, tier: str, hidden: Sequence[str], parent: int, writer: int) -> NoReturn:
    """Go all the way to a candidate that reads a library, as a trial."""
    code = 1
    try:
        user = begin(rung, parent)
        fence = close_in(rung, tier, hidden, user)
        out = os.dup(writer)
        reports = os.dup(writer)
        pid = fence.fork()
        if pid == 0:
            code = 1
            channel = os.dup(reports)
            layers.enter(layers.Cage(fence, channel, out, 10, 1 << 40, 1 if rung <= 2 else 0, _ENTRY))
            with open(os.__file__, "rb") as library:
                library.read(1)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        code = 1 if status else 0
    except OSError as error:
        with contextlib.suppress(OSError):
            os.write(writer, str(error).encode())
    finally:
        os._exit(code)
