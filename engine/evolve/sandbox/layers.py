"""The layers between a candidate and the machine, rung by rung.

A rung says how good the isolation is that a machine offers (see `rungs`). `zygote_layers` go up once, in the zygote,
after it has imported everything: all candidates inherit them for nothing. `child_layers` go up in each forked child
before its first line runs. Each holds or raises, so a candidate never runs behind half of them.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from dataclasses import dataclass, field

from evolve.sandbox import landlock, linux, namespaces, seccomp, view

__all__ = ["CHANNEL", "Cage", "Fence", "child_layers", "enter", "raise_fence", "zygote_layers"]

CHANNEL = 3
"""The one descriptor, beside the standard streams, that a candidate has."""

_FILES, _FILES_FOR_PROCESSES = 64, 256
_DEVICES_AND_CPU = ("/dev/urandom", "/dev/null", "/sys/devices/system/cpu", "/proc/cpuinfo", "/proc/meminfo")


@dataclass
class Fence:
    """What holds for all candidates of one zygote.

    Args:
        rung: 1 (best) to 4.
        tier: what candidates may start: "pure", "threads" or "processes".
        hidden: folders that candidates may not see.
        user: the user and group that a candidate becomes, or None to keep the zygote's.
        zygote: process id of their parent, as they see it: 0 from another namespace.
        here: pidfd of the zygote, or -1.
        rules: Landlock's ruleset for a candidate without a scratch folder, or -1.
        calls: the filter of a candidate's system calls, or None where the machine has none.
        processes: descriptor of a /proc that shows the zygote's candidates, or -1 where nobody needs to look.
    """

    rung: int
    tier: str
    hidden: tuple[str, ...] = ()
    user: int | None = None
    zygote: int = 0
    here: int = -1
    rules: int = -1
    calls: seccomp.CandidateFilter | None = None
    processes: int = -1
    held: list[str] = field(default_factory=list)

    @property
    def namespaces(self) -> bool:
        """True when candidates live in namespaces of their own."""
        return self.rung <= 2

    def fork(self) -> int:
        """Fork a candidate: as `os.fork`."""
        return namespaces.fork_into_new(self.here) if self.namespaces else linux.fork()


_EVERY_DESCRIPTOR = min(max(os.sysconf("SC_OPEN_MAX"), 1 << 16), 1 << 20)
"""Above the highest descriptor there can be; asked for before the candidate's own limit, which hides open ones."""


@dataclass(frozen=True, slots=True)
class Cage:
    """What one candidate may use.

    Args:
        fence: what holds for all.
        channel: descriptor of its end of the data channel.
        output: descriptor that takes what it prints.
        cpu_s: whole seconds of CPU time before the kernel kills it.
        memory_bytes: address space, the warm parent's included.
        scratch_mb: size of its scratch folder, MiB; 0 means none.
        threads: threads and processes at once.
    """

    fence: Fence
    channel: int
    output: int
    cpu_s: int
    memory_bytes: int
    scratch_mb: int
    threads: int


# --- once, in the zygote --------------------------------------------------------------------------------------------


def own_namespaces(fence: Fence) -> None:
    """No other process, network, shared memory or host name in sight: namespaces, and a further one for each child."""
    fence.here = os.pidfd_open(os.getpid())


def own_root(fence: Fence) -> None:
    """Nothing of the file system but libraries, read-only, and three devices: a root of its own, without /proc."""
    view.keep_mounts_private()
    tools = []
    if fence.tier == "processes":
        tools = view.toolchains()
        fence.processes = view.open_process_list()
    view.become_root([*view.libraries(), *tools], fence.hidden)


def prepared_rules(fence: Fence) -> None:
    """Landlock, prepared for each child: nothing but reading, no TCP, no signals outward."""
    fence.rules = landlock.ruleset(["/"], [], run=fence.tier == "processes")


def landlock_files(fence: Fence) -> None:
    """Nothing of the file system but libraries, read-only: no answers, no records, no writing, no TCP outward."""
    os.chdir("/proc")  # takes no file, not even from root
    rules = landlock.ruleset([*view.libraries(), *_DEVICES_AND_CPU], fence.hidden)
    landlock.restrict(rules)
    os.close(rules)


def empty_environment(fence: Fence) -> None:
    """No variable of the environment, not even the few that the zygote needed to start."""
    os.environ.clear()


def no_new_privileges(fence: Fence) -> None:
    """Setuid programs and file capabilities give nothing."""
    linux.drop_bounding_set()
    linux.forbid_new_privileges()


def no_capabilities(fence: Fence) -> None:
    """No power of the superuser but to read, when the engine runs as root."""
    linux.drop_capabilities(keep_reading=True)


def seccomp_calls(fence: Fence) -> None:
    """A short list of system calls and no other: no new programs, sockets, tracing, mounts, keys or kernel modules."""
    landlocked = landlock_files.__name__ in fence.held
    seccomp.allow_only(fence.tier, namespaces=fence.namespaces, landlock=landlocked)
    fence.calls = seccomp.CandidateFilter(fence.tier)


_Layer = Callable[[Fence], None]


def zygote_layers(rung: int) -> tuple[_Layer, ...]:
    """Return what holds for all candidates on a rung, in the order in which it goes up."""
    if rung <= 2:
        return empty_environment, own_namespaces, own_root, prepared_rules, no_new_privileges, seccomp_calls
    if rung == 3:
        return empty_environment, no_new_privileges, landlock_files, no_capabilities, seccomp_calls
    return empty_environment, no_new_privileges, no_capabilities, seccomp_calls


def raise_fence(fence: Fence) -> None:
    """Put the zygote's layers around the calling process; on the lowest rung, those that the machine has.

    Raises:
        OSError: one does not hold, and the rung promises it.
    """
    fence.zygote = 0 if fence.namespaces else os.getpid()
    for layer in zygote_layers(fence.rung):
        try:
            layer(fence)
        except OSError:
            if fence.rung < 4:
                raise
            continue
        fence.held.append(layer.__name__)


# --- for each candidate ---------------------------------------------------------------------------------------------


def own_session(cage: Cage) -> None:
    """A session and process group of its own: no terminal, and one signal reaches all who stay in it."""
    os.setsid()


def only_the_channel(cage: Cage) -> None:
    """No descriptor but nothing to read, one pipe for output, and the data channel."""
    os.dup2(cage.output, 1)
    os.dup2(cage.output, 2)
    os.dup2(cage.channel, CHANNEL)


def no_other_descriptor(cage: Cage) -> None:
    """Every other descriptor is closed."""
    os.closerange(CHANNEL + 1, _EVERY_DESCRIPTOR)


def die_with_zygote(cage: Cage) -> None:
    """No orphans: the kernel kills it when the zygote dies."""
    linux.die_with_parent(cage.fence.zygote)


def resource_limits(cage: Cage) -> None:
    """CPU time, address space, file size, open files, threads and processes, core dumps."""
    several = cage.fence.tier == "processes"
    files = _FILES_FOR_PROCESSES if several else _FILES
    _limit(resource.RLIMIT_CPU, cage.cpu_s)
    _limit(resource.RLIMIT_AS, cage.memory_bytes)
    _limit(resource.RLIMIT_FSIZE, cage.scratch_mb << 20)
    _limit(resource.RLIMIT_NOFILE, files)
    _limit(resource.RLIMIT_CORE, 0)
    if cage.fence.namespaces:  # without, all processes of the user would count
        _limit(resource.RLIMIT_NPROC, cage.threads + (2 if cage.fence.user is None else 0))
    elif cage.fence.calls is None:
        _limit(resource.RLIMIT_NPROC, 0)


def scratch(cage: Cage) -> None:
    """A folder to write to, where asked for: of limited size, its own, gone with it. Then the view is closed."""
    rules = cage.fence.rules
    if cage.scratch_mb:
        run = cage.fence.tier == "processes"
        user = cage.fence.user
        linux.unshare(linux.NEWNS)
        owner = (os.getuid(), os.getgid()) if user is None else (user, user)
        view.mount_scratch(cage.scratch_mb, *owner, run=run)
        rules = landlock.ruleset(["/"], [], [view.SCRATCH], run=run)
        os.environ.update(TMPDIR=view.SCRATCH, HOME=view.SCRATCH)
    landlock.restrict(rules)


def no_powers(cage: Cage) -> None:
    """A user that nobody else has where the zygote is root, and no power of the superuser."""
    if cage.fence.user is None:
        linux.drop_capabilities(keep_reading=False)
    else:
        os.setgroups([])
        os.setresgid(cage.fence.user, cage.fence.user, cage.fence.user)
        os.setresuid(cage.fence.user, cage.fence.user, cage.fence.user)


def not_dumpable(cage: Cage) -> None:
    """No process of the same user may trace it or read its memory."""
    linux.forbid_dumping()


def its_own_calls(cage: Cage) -> None:
    """No process beside itself, no signal to others, no higher limits, nothing that only the zygote needs."""
    if cage.fence.calls is not None:
        cage.fence.calls.install()


def child_layers(rung: int) -> tuple[Callable[[Cage], None], ...]:
    """Return what goes up for each candidate on a rung, in order."""
    begin = own_session, only_the_channel, resource_limits
    if rung <= 2:
        return *begin, scratch, no_powers, no_other_descriptor, not_dumpable, its_own_calls
    return *begin, no_other_descriptor, die_with_zygote, not_dumpable, its_own_calls


def enter(cage: Cage) -> None:
    """Put the candidate's layers around the calling process.

    Raises:
        OSError: one does not hold; do not go on.
    """
    for layer in child_layers(cage.fence.rung):
        layer(cage)


def _limit(kind: int, most: int) -> None:
    ceiling = resource.getrlimit(kind)[1]
    if ceiling != resource.RLIM_INFINITY:
        most = min(most, ceiling)
    resource.setrlimit(kind, (most, most))
