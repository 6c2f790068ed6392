"""Landlock: from now on this process and its children see a few folders, read-only, and nothing else.

Needs no privilege, only Linux 5.13 or later. Rules are added for what may be read; everything else is denied: other
files, all writing, TCP, and (with newer kernels) signals and abstract sockets to processes outside.

Reference: M. Salaün, "Landlock: unprivileged access control", Linux kernel documentation, userspace-api/landlock.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from evolve.sandbox import linux

__all__ = ["restrict", "ruleset"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_QUERY = 1
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_FILE_RIGHTS = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF, 5: 0xFFFF}
_TCP = 0b11
_SIGNALS_AND_ABSTRACT_SOCKETS = 0b11


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def ruleset(readable: Iterable[str], hidden: Iterable[str], writable: Iterable[str] = (), *, run: bool = False) -> int:
    """Prepare what `restrict` enforces.

    Args:
        readable: files and folders; those that do not exist are left out. `/dev/null` may be written, too.
        hidden: folders that stay out of sight even inside a readable one.
        writable: folders in which everything is allowed.
        run: what is readable may also be executed.

    Returns:
        A descriptor, to be closed by the caller.

    Raises:
        OSError: this kernel has no Landlock.
    """
    version = linux.syscall(_CREATE_RULESET, None, 0, _VERSION_QUERY)
    rights = _FILE_RIGHTS[min(version, max(_FILE_RIGHTS))]
    attributes = _Ruleset(rights, _TCP if version >= 4 else 0, _SIGNALS_AND_ABSTRACT_SOCKETS if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = linux.syscall(_CREATE_RULESET, ctypes.byref(attributes), size, 0)
    try:
        secrets = [Path(os.path.realpath(path)) for path in hidden]
        for path in readable:
            for part in _without(Path(os.path.realpath(path)), secrets):
                _allow(rules, part, _READ_FILE | _READ_DIR | (_EXECUTE if run else 0))
        for path in writable:
            _allow(rules, Path(path), rights)
        _allow(rules, Path(os.devnull), _READ_FILE | _WRITE_FILE)
    except OSError:
        os.close(rules)
        raise
    return rules


def restrict(rules: int) -> None:
    """Restrict this process, and all that it will start, to what a ruleset allows.

    Raises:
        OSError: the kernel refuses.
    """
    linux.syscall(_RESTRICT_SELF, rules, 0)


def _without(path: Path, secrets: list[Path]) -> Iterator[Path]:
    """Yield what covers a folder but for the secrets inside it."""
    if path in secrets:
        return
    if not any(secret.is_relative_to(path) for secret in secrets):
        yield path
        return
    for child in path.iterdir():
        yield from _without(child, secrets)


def _allow(rules: int, path: Path, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            access &= _EXECUTE | _READ_FILE | _WRITE_FILE
        linux.syscall(_ADD_RULE, rules, _PATH_BENEATH, ctypes.byref(_PathBeneath(access, descriptor)), 0)
    finally:
        os.close(descriptor)
