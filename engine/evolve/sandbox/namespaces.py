"""Namespaces: a process that sees no other process, file system, network or shared memory than its own.

The zygote enters its own once, and is the first process of its process namespace: when it dies, the kernel kills all
that lives in there. Each candidate then gets a process namespace inside, for a few microseconds.

Reference: M. Kerrisk, "Namespaces in operation", LWN.net, 2013; namespaces(7).
"""

from __future__ import annotations

import os
import signal
from typing import NoReturn

from evolve.sandbox import linux

__all__ = ["enter", "fork_into_new", "slot_user"]

_ALL = linux.NEWNS | linux.NEWNET | linux.NEWIPC | linux.NEWUTS | linux.NEWPID
_LEAST_USERS = 1000


def enter(parent: int, *, user: bool) -> None:
    """Enter all namespaces and go on as the first process in there; the process that called stays behind and waits.

    Args:
        parent: process id of the caller's parent: it and all below end with that.
        user: through a user namespace, which needs no privilege.

    Raises:
        OSError: a step is refused; some may have been done.
    """
    uid, gid = os.getuid(), os.getgid()
    linux.unshare(_ALL | (linux.NEWUSER if user else 0))
    if user:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    linux.die_with_parent(parent)
    inside = os.fork()
    if inside:
        _stay_behind(inside)
    linux.die_with_parent(0)


def fork_into_new(here: int) -> int:
    """Fork a child that is the first process of a namespace of its own.

    Args:
        here: pidfd of this process, to come back by: only its next child leaves.

    Returns:
        As `os.fork`: 0 in the child, else its process id.
    """
    linux.unshare(linux.NEWPID)
    pid = linux.fork()
    if pid:
        linux.enter_namespace(here, linux.NEWPID)
    return pid


def slot_user() -> int:
    """Return a user id that nobody has, another one for each process that asks."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        first, _, count = map(int, file.read().splitlines()[-1].split())
    if count < _LEAST_USERS:
        raise PermissionError("there are no user ids to spare")
    return first + count // 2 + os.getpid() % (count // 2)


def _stay_behind(inside: int) -> NoReturn:
    os.closerange(0, os.sysconf("SC_OPEN_MAX"))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _, status = os.waitpid(inside, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
