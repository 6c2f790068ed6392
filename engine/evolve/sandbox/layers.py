"""The layers between a candidate and the machine, applied in the forked child, in order, before its first line runs.

A layer is a function of the `Cage`. It either holds or raises: a candidate never runs behind half a wall. Namespaces,
Landlock, seccomp and a user id per slot plug in here: write the function, document what it stops, put it into
`LAYERS`. What can be done once for all candidates belongs into the zygote instead.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from dataclasses import dataclass

from evolve.sandbox import linux

__all__ = ["LAYERS", "Cage", "apply"]

CHANNEL = 3
"""The one descriptor, beside standard streams, that a candidate has."""


@dataclass(frozen=True, slots=True)
class Cage:
    """What one candidate may use.

    Args:
        zygote: process id of its parent.
        channel: descriptor of its end of the data channel.
        output: descriptor that takes what it prints.
        cpu_s: whole seconds of CPU time before the kernel kills it.
        memory_bytes: address space, the warm parent's included.
        processes: how many processes and threads its user may have, or -1 to leave that alone.
    """

    zygote: int
    channel: int
    output: int
    cpu_s: int
    memory_bytes: int
    processes: int


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


def no_new_privileges(cage: Cage) -> None:
    """No setuid helper gives it more rights. Later layers need this too."""
    linux.forbid_new_privileges()


def not_dumpable(cage: Cage) -> None:
    """No process of the same user may trace it or read its memory."""
    linux.forbid_dumping()


def resource_limits(cage: Cage) -> None:
    """CPU time, address space, file size, open files, processes, core dumps."""
    _limit(resource.RLIMIT_CPU, cage.cpu_s, cage.cpu_s + 1)
    _limit(resource.RLIMIT_AS, cage.memory_bytes, cage.memory_bytes)
    _limit(resource.RLIMIT_FSIZE, 0, 0)
    _limit(resource.RLIMIT_NOFILE, 64, 64)
    _limit(resource.RLIMIT_CORE, 0, 0)
    if cage.processes >= 0:
        _limit(resource.RLIMIT_NPROC, cage.processes, cage.processes)


def empty_environment(cage: Cage) -> None:
    """No variable of the environment, not even the few of the zygote."""
    os.environ.clear()


LAYERS: tuple[Callable[[Cage], None], ...] = (
    own_session,
    only_the_channel,
    die_with_zygote,
    no_new_privileges,
    not_dumpable,
    resource_limits,
    empty_environment,
)
"""Every layer, in the order in which they are applied."""


def apply(cage: Cage) -> None:
    """Put all layers around the calling process.

    Raises:
        OSError: a layer does not hold on this machine.
    """
    for layer in LAYERS:
        layer(cage)


def _limit(kind: int, soft: int, hard: int) -> None:
    ceiling = resource.getrlimit(kind)[1]
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(kind, (soft, hard))
