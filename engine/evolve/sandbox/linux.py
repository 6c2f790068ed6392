"""The few Linux system calls that the standard library does not offer."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import sys
from typing import Any

__all__ = [
    "NEWIPC",
    "NEWNET",
    "NEWNS",
    "NEWPID",
    "NEWUSER",
    "NEWUTS",
    "become_subreaper",
    "detach",
    "detach_old_root",
    "die_with_parent",
    "drop_bounding_set",
    "drop_capabilities",
    "enter_namespace",
    "forbid_dumping",
    "forbid_new_privileges",
    "fork",
    "make_read_only",
    "mount",
    "prctl",
    "syscall",
    "unshare",
]

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION = 0x20080522
_READ_ANYTHING = 1 << 2
_LAST_CAPABILITY = 63
_AT_RECURSIVE, _READ_ONLY, _NO_SETUID = 0x8000, 1, 2
_MOUNT_SETATTR, _DETACH = 442, 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

_libc: Any = None
_python: Any = None
if sys.platform == "linux":
    _libc = ctypes.CDLL(None, use_errno=True)
    _python = ctypes.PyDLL(None)  # keeps Python's lock while it calls
    _libc.syscall.restype = ctypes.c_long
    _libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    _libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when the thread that started it ends.

    The wish is not inherited, and a change of user id clears it.

    Args:
        parent: process id of the parent, 0 when it is in another namespace: when it is gone already, this process ends
            now.
    """
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def become_subreaper() -> None:
    """Adopt every orphan among this process's descendants."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


def forbid_new_privileges() -> None:
    """Make setuid programs and file capabilities powerless from now on."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def forbid_dumping() -> None:
    """Close this process to tracing and to reading of its memory, by its own user too."""
    prctl(_PR_SET_DUMPABLE, 0)


def drop_capabilities(*, keep_reading: bool) -> None:
    """Give up the superuser's powers.

    Args:
        keep_reading: but for reading what belongs to other users: libraries may be theirs.
    """
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    kept = (ctypes.c_uint32 * 6)()
    if keep_reading:
        held = (ctypes.c_uint32 * 6)()
        _check(_libc.capget(ctypes.byref(header), ctypes.byref(held)), "capget")
        kept[0], kept[1] = held[0] & _READ_ANYTHING, held[1] & _READ_ANYTHING
    _check(_libc.capset(ctypes.byref(header), ctypes.byref(kept)), "capset")


def drop_bounding_set() -> None:
    """Make sure that no program started from here regains a power that this process gives up."""
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            prctl(_PR_CAPBSET_DROP, capability)
        except OSError:
            return  # beyond the last one, or no right to: then there is nothing to regain


def fork() -> int:
    """Fork without Python's hooks, in a process that has a single thread: as `os.fork`, at half its price.

    The hooks give the child new locks for other threads, of which there are none, and seed `random` anew.

    Raises:
        OSError: the kernel refuses.
    """
    return _check(_python.fork(), "fork")


def unshare(flags: int) -> None:
    """Move this process into new namespaces; a new process namespace begins with its next child.

    Raises:
        OSError: the kernel refuses.
    """
    _check(_libc.unshare(flags), "unshare")


def enter_namespace(descriptor: int, kind: int) -> None:
    """Join a namespace of a process.

    Args:
        descriptor: a pidfd.
        kind: one of the NEW constants.

    Raises:
        OSError: the kernel refuses.
    """
    _check(_libc.setns(descriptor, kind), "setns")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Attach a file system.

    Raises:
        OSError: the kernel refuses.
    """
    words = (word.encode() for word in (source, target, kind))
    _check(_libc.mount(*words, flags, data.encode()), f"mount {target}")


def detach(target: str) -> None:
    """Take a file system away from where it is mounted; who has it open keeps it.

    Raises:
        OSError: the kernel refuses.
    """
    _check(_libc.umount2(target.encode(), _DETACH), f"umount {target}")


def detach_old_root() -> None:
    """Make the working directory, a mount point, the root of everything, and let go of what was the root.

    Raises:
        OSError: the kernel refuses.
    """
    syscall(_PIVOT_ROOT[platform.machine()], b".", b".")
    detach(".")
    os.chdir("/")


def make_read_only(path: str) -> None:
    """Forbid writing and setuid on a mount point and all below it.

    Raises:
        OSError: the kernel refuses, or is older than 5.12.
    """
    wanted = ctypes.create_string_buffer(struct.pack("=4Q", _READ_ONLY | _NO_SETUID, 0, 0, 0), 32)
    syscall(_MOUNT_SETATTR, -100, path.encode(), _AT_RECURSIVE, wanted, 32)


def prctl(option: int, value: int, extra: int = 0) -> None:
    """Set an attribute of this process.

    Args:
        option: which one, a number of the kernel's.
        value: the first argument, a number or an address.
        extra: the second argument.

    Raises:
        OSError: the kernel refuses.
    """
    _check(_libc.prctl(option, value, extra, 0, 0), "prctl")


def syscall(number: int, *arguments: Any) -> int:
    """Make a system call by its number.

    Raises:
        OSError: the kernel refuses.
    """
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    return _check(_libc.syscall(ctypes.c_long(number), *words), f"system call {number}")


def _check(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result
