"""The layers between a candidate and the machine.

`ZYGOTE_LAYERS` go up once, in the zygote, after it has imported everything; all candidates inherit them for nothing.
Where the machine does not have one, it is left out and its name is reported. `CHILD_LAYERS` go up in each forked
child before its first line runs; each holds or raises, so a candidate never runs behind half of them.

Namespaces, a user id per slot, cgroups and an allow-list of system calls plug in here: write the function, say what
it stops, put it into a list.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evolve.sandbox import landlock, linux, seccomp

__all__ = ["CHANNEL", "CHILD_LAYERS", "ZYGOTE_LAYERS", "Cage", "enter", "raise_fences"]

CHANNEL = 3
"""The one descriptor, beside the standard streams, that a candidate has."""

_SYSTEM = (
    "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo", "/lib", "/lib64", "/etc/ld.so.cache",
    "/etc/localtime", "/dev/urandom", "/dev/null", "/sys/devices/system/cpu", "/proc/cpuinfo", "/proc/meminfo",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cage:
    """What one candidate may use.

    Args:
        zygote: process id of its parent.
        calls: the filter of its system calls, or None where the machine has none.
        channel: descriptor of its end of the data channel.
        output: descriptor that takes what it prints.
        cpu_s: whole seconds of CPU time before the kernel kills it.
        memory_bytes: address space, the warm parent's included.
    """

    zygote: int
    calls: seccomp.CandidateFilter | None
    channel: int
    output: int
    cpu_s: int
    memory_bytes: int


# --- once, in the zygote --------------------------------------------------------------------------------------------


def landlock_files(hidden: list[str]) -> None:
    """Nothing of the file system but libraries, read-only: no answers, no records, no writing, no TCP outward."""
    prefixes = {sys.prefix, sys.base_prefix}
    libraries = [str(Path(prefix, name)) for prefix in prefixes for name in ("lib", "lib64")]
    landlock.allow_reading_only([*filter(None, sys.path), *libraries, *_SYSTEM], hidden)


def empty_environment(hidden: list[str]) -> None:
    """No variable of the environment, not even the few that the zygote needed to start."""
    os.environ.clear()


def no_capabilities(hidden: list[str]) -> None:
    """No power of the superuser but to read, when the engine runs as root."""
    linux.drop_capabilities()


def seccomp_calls(hidden: list[str]) -> None:
    """No new programs, sockets, tracing, mounts, namespaces, keys or kernel modules."""
    seccomp.forbid_for_all()


ZYGOTE_LAYERS: tuple[Callable[[list[str]], None], ...] = (
    empty_environment,
    landlock_files,
    no_capabilities,
    seccomp_calls,
)
"""What holds for all candidates, in the order in which it goes up."""


def raise_fences(hidden: list[str]) -> frozenset[str]:
    """Put the zygote's layers around the calling process.

    Args:
        hidden: folders that candidates may not see, even beside libraries.

    Returns:
        Names of those that this machine has.
    """
    linux.forbid_new_privileges()
    held = set()
    for layer in ZYGOTE_LAYERS:
        try:
            layer(hidden)
        except OSError:
            continue
        held.add(layer.__name__)
    return frozenset(held)


# --- for each candidate ---------------------------------------------------------------------------------------------


def own_session(cage: Cage) -> None:
    """A session and process group of its own: no terminal, and one signal reaches all who stay in it."""
    os.setsid()


def only_the_channel(cage: Cage) -> None:
    """No descriptor but nothing to read, one pipe for output, and the data channel."""
    os.dup2(cage.output, 1)
    os.dup2(cage.output, 2)
    os.dup2(cage.channel, CHANNEL)
    os.closerange(CHANNEL + 1, os.sysconf("SC_OPEN_MAX"))


def die_with_zygote(cage: Cage) -> None:
    """No orphans: the kernel kills it when the zygote dies."""
    linux.die_with_parent(cage.zygote)


def not_dumpable(cage: Cage) -> None:
    """No process of the same user may trace it or read its memory."""
    linux.forbid_dumping()


def resource_limits(cage: Cage) -> None:
    """CPU time, address space, file size, open files, core dumps."""
    _limit(resource.RLIMIT_CPU, cage.cpu_s, cage.cpu_s + 1)
    _limit(resource.RLIMIT_AS, cage.memory_bytes, cage.memory_bytes)
    _limit(resource.RLIMIT_FSIZE, 0, 0)
    _limit(resource.RLIMIT_NOFILE, 64, 64)
    _limit(resource.RLIMIT_CORE, 0, 0)


def no_processes(cage: Cage) -> None:
    """No process beside itself, no signal to others. Without a filter: no process in its user's name, root excepted."""
    if cage.calls is None:
        _limit(resource.RLIMIT_NPROC, 0, 0)
    else:
        cage.calls.install()


CHILD_LAYERS: tuple[Callable[[Cage], None], ...] = (
    own_session,
    only_the_channel,
    die_with_zygote,
    not_dumpable,
    resource_limits,
    no_processes,
)
"""What goes up for each candidate, in order."""


def enter(cage: Cage) -> None:
    """Put the candidate's layers around the calling process.

    Raises:
        OSError: one does not hold; do not go on.
    """
    for layer in CHILD_LAYERS:
        layer(cage)


def _limit(kind: int, soft: int, hard: int) -> None:
    ceiling = resource.getrlimit(kind)[1]
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(kind, (soft, hard))
