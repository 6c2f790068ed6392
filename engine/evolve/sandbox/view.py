"""What candidates see of the file system in a mount namespace: libraries, read-only, three devices, and no /proc.

Everything that may be seen is bound into a fresh, tiny file system in memory, which then becomes the root. What was
there before is let go of; no path leads back.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from evolve.sandbox import linux

__all__ = [
    "SCRATCH",
    "become_root",
    "keep_mounts_private",
    "libraries",
    "mount_scratch",
    "open_process_list",
    "toolchains",
]

SCRATCH = "/scratch"
"""Where the folder lies that a candidate may write to."""

_STAGE = "/dev"  # any folder would do: nobody else sees what is mounted over it
_DEVICES = ("/dev/null", "/dev/urandom", "/dev/zero")
_SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime")  # fmt: skip  # noqa: E501
_TOOLS = (
    "/usr", "/bin", "/sbin", "/etc/alternatives", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
)  # fmt: skip
_JAVA = "java-*"
_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_PROGRAMS, _BIND, _RECURSIVE, _PRIVATE = 1, 2, 4, 8, 1 << 12, 1 << 14, 1 << 18
_INODES = 4096


def libraries() -> list[str]:
    """Return files and folders that Python and its packages load from."""
    prefixes = {sys.prefix, sys.base_prefix}
    own = [str(Path(prefix, name)) for prefix in prefixes for name in ("lib", "lib64")]
    return [*filter(None, sys.path), *own, *_SYSTEM]


def toolchains() -> list[str]:
    """Return folders of compilers and other languages."""
    return [*_TOOLS, *map(str, Path("/etc").glob(_JAVA))]


def keep_mounts_private() -> None:
    """Let nobody else see what is mounted from now on, in a mount namespace of this process's own.

    Raises:
        OSError: the kernel refuses.
    """
    linux.mount("none", "/", "", _RECURSIVE | _PRIVATE)


def open_process_list() -> int:
    """Return a descriptor of a /proc that shows this process's namespace, mounted nowhere; -1 where it is refused."""
    try:
        linux.mount("evolve", _STAGE, "proc", _NO_SETUID | _NO_DEVICES | _NO_PROGRAMS)
    except OSError:
        return -1
    try:
        return os.open(_STAGE, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    finally:
        linux.detach(_STAGE)


def become_root(visible: Sequence[str], hidden: Iterable[str]) -> None:
    """Make a root of a few folders, after `keep_mounts_private`.

    Args:
        visible: files and folders; those that do not exist are left out.
        hidden: folders that are empty even inside a visible one.

    Raises:
        OSError: a step is refused.
    """
    opened = _open([*visible, *_DEVICES])
    before = os.umask(0o666)  # folders on the way can be passed, not listed
    try:
        linux.mount("evolve", _STAGE, "tmpfs", _NO_SETUID, "mode=111,size=1m")
        for path, (real, source) in opened.items():
            _attach(path, real, source)
    finally:
        os.umask(before)
        for _, source in opened.values():
            os.close(source)
    for folder in map(os.path.realpath, hidden):
        if os.path.isdir(_STAGE + folder):
            linux.mount("evolve", _STAGE + folder, "tmpfs", _NO_SETUID | _NO_DEVICES | _NO_PROGRAMS, "mode=000,size=4k")
    os.mkdir(_STAGE + SCRATCH)
    os.chdir(_STAGE)
    linux.detach_old_root()
    linux.make_read_only("/")


def mount_scratch(megabytes: int, user: int, group: int, *, run: bool) -> None:
    """Mount a folder to write to, in a mount namespace of this process's own, and go there.

    Args:
        megabytes: its size, MiB, > 0.
        user: whose it is.
        group: whose it is.
        run: programs in it may be started.

    Raises:
        OSError: a step is refused.
    """
    flags = _NO_SETUID | _NO_DEVICES | (0 if run else _NO_PROGRAMS)
    linux.mount(
        "evolve", SCRATCH, "tmpfs", flags, f"mode=700,size={megabytes}m,nr_inodes={_INODES},uid={user},gid={group}"
    )
    os.chdir(SCRATCH)


def _open(paths: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Return descriptors of what exists, parents first: the stage may lie over some of it."""
    found = {}
    for path in sorted(set(map(os.path.abspath, paths)), key=lambda path: (len(os.path.realpath(path)), path)):
        real = os.path.realpath(path)
        try:
            found[path] = real, os.open(real, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
    return found


def _attach(path: str, real: str, source: int) -> None:
    target = _STAGE + real
    if not os.path.lexists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.isdir(f"/proc/self/fd/{source}"):
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
        linux.mount(f"/proc/self/fd/{source}", target, "", _BIND | _RECURSIVE)
    if not os.path.lexists(_STAGE + path):
        os.makedirs(os.path.dirname(_STAGE + path), exist_ok=True)
        os.symlink(real, _STAGE + path)
