"""The few Linux system calls that the standard library does not offer."""

from __future__ import annotations

import ctypes
import os
import signal
from typing import Any

__all__ = [
    "become_subreaper",
    "die_with_parent",
    "drop_capabilities",
    "forbid_dumping",
    "forbid_new_privileges",
    "prctl",
    "syscall",
]

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION = 0x20080522
_READ_ANYTHING = 1 << 2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when the thread that started it ends.

    The wish is not inherited, and a change of user id clears it.

    Args:
        parent: process id of the parent: when it is gone already, this process ends now.
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


def drop_capabilities() -> None:
    """Give up the superuser's powers, but for reading what belongs to other users: libraries may be theirs."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    held = (ctypes.c_uint32 * 6)()
    _check(_libc.capget(ctypes.byref(header), ctypes.byref(held)), "capget")
    kept = (ctypes.c_uint32 * 6)(held[0] & _READ_ANYTHING, held[1] & _READ_ANYTHING)
    _check(_libc.capset(ctypes.byref(header), ctypes.byref(kept)), "capset")


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
