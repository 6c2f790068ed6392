"""seccomp: from now on the kernel refuses most system calls to this process and its children.

Two filters. The first goes up once, in the zygote, and all candidates inherit it for nothing: everything is refused but
a list. The second goes up in each child: what only the zygote needs, new processes, signals to others. Both are a
search tree over the numbers of the calls, because the kernel tries out a filter on every number when it is installed.

Reference: W. Drewry, "SECure COMPuting with filters", Linux kernel documentation, userspace-api/seccomp_filter.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Mapping

from evolve.sandbox import linux
from evolve.sandbox.calls import EVERYDAY, MISSING, NEWEST, PROCESSES, WRITING, ZYGOTE, Table

__all__ = ["CandidateFilter", "allow_only", "supported"]

_PR_SET_SECCOMP = 22
_FILTER_MODE = 2
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _AND, _EQUAL, _AT_LEAST, _GO, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x05, 0x06
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16
_FARTHEST = 255
_X32 = 0x40000000
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

_CLONE, _CLONE3, _PRLIMIT, _TGKILL, _PRCTL = (56, 220), (435, 435), (302, 261), (234, 131), (157, 167)
_SOCKETPAIR, _OPEN, _OPENAT, _OPENAT2 = (53, 199), (2, -1), (257, 56), (437, 437)
_CLONE_THREAD = 0x10000
_NEW_NAMESPACES = 0x7E020080  # every CLONE_NEW flag
_NEWPID, _NEWNS = 0x20000000, 0x00020000
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | 0x400000  # O_TMPFILE's own bit
_AF_UNIX = 1
_PDEATHSIG, _SUBREAPER = 1, 36
_PID_HERE = 0xDEAD

_Instruction = tuple[int, int, int, int]
_Actions = dict[int, list[_Instruction]]
_WORD = struct.Struct("=HBBI")
_PERMIT: _Instruction = (_RETURN, 0, 0, _ALLOW)
_REFUSE: _Instruction = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
_NO_SUCH_CALL: _Instruction = (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)


def supported() -> bool:
    """Tell whether there is a table of system calls for this machine."""
    return platform.machine() in _MACHINES


def allow_only(tier: str, *, namespaces: bool, landlock: bool) -> None:
    """Refuse everything but what the zygote and candidates of a tier need.

    Args:
        tier: "pure", "threads" or "processes".
        namespaces: candidates live in namespaces: the zygote makes some for each, and writing does no harm.
        landlock: files are guarded by Landlock; else none can be opened for writing.

    Raises:
        OSError: this kernel or machine has no filter.
    """
    column = _column()
    actions = _permits(column, EVERYDAY, ZYGOTE)
    if namespaces:
        actions |= _permits(column, WRITING)
    else:
        for name in ("mount", "unshare", "setns"):
            del actions[ZYGOTE[name][column]]
    if tier == "processes":
        actions |= _permits(column, PROCESSES)
    actions |= {
        _CLONE3[column]: [_NO_SUCH_CALL],  # its flags are behind a pointer; the C library falls back to clone
        _OPENAT2[column]: [_NO_SUCH_CALL],  # likewise
        _CLONE[column]: _when_no_bit(0, _NEW_NAMESPACES),
        _SOCKETPAIR[column]: _when_equal(0, _AF_UNIX),
    }
    if namespaces:
        actions[ZYGOTE["unshare"][column]] = _when_equal(0, _NEWPID, _NEWNS)
        actions[ZYGOTE["setns"][column]] = _when_equal(1, _NEWPID)
    elif not landlock:
        actions |= {number: _when_no_bit(1, _WRITES) for number in (_OPEN[column], _OPENAT[column])}
        actions[_OPENAT[column]] = _when_no_bit(2, _WRITES)
        actions.pop(MISSING, None)
    program = _tree(_leaves(actions, [_REFUSE], {NEWEST + 1: [_NO_SUCH_CALL], _X32: [_REFUSE]}))
    _Filter([*_same_architecture(), *program]).install()


class CandidateFilter:
    """Refuses to a candidate what only its zygote needs, and what its tier forbids.

    It is built once, before the fork; each child puts its own process id in and installs it.

    Args:
        tier: "pure", "threads" or "processes".

    Raises:
        OSError: this machine has no table of system calls.
    """

    def __init__(self, tier: str) -> None:
        column = _column()
        actions: _Actions = {number[column]: [_REFUSE] for number in ZYGOTE.values()}
        if tier == "processes":
            del actions[ZYGOTE["kill"][column]]
        else:
            actions |= {
                _CLONE[column]: [_REFUSE] if tier == "pure" else _when_any_bit(0, _CLONE_THREAD),
                _TGKILL[column]: _when_equal(0, _PID_HERE),
                _PRCTL[column]: _unless_equal(0, _PDEATHSIG, _SUBREAPER),
                _PRLIMIT[column]: _reading_limits_only(),
            }
        program = [(_LOAD, 0, 0, _NUMBER_OFFSET), *_tree(_leaves(actions, [_PERMIT], {}))]
        self._pid_at = [index for index, one in enumerate(program) if one[0] == _EQUAL and one[3] == _PID_HERE]
        self._filter = _Filter(program)

    def install(self) -> None:
        """Put the filter over this process.

        Raises:
            OSError: the kernel refuses.
        """
        for index in self._pid_at:
            self._filter.set_operand(index, os.getpid())
        self._filter.install()


class _Filter:
    """A program for the kernel, laid out in memory."""

    def __init__(self, program: list[_Instruction]) -> None:
        code = b"".join(_WORD.pack(*instruction) for instruction in program)
        self._code = ctypes.create_string_buffer(code, len(code))
        header = struct.pack("@HP", len(program), ctypes.addressof(self._code))
        self._header = ctypes.create_string_buffer(header, len(header))

    def set_operand(self, index: int, value: int) -> None:
        struct.pack_into("=I", self._code, _WORD.size * index + 4, value)

    def install(self) -> None:
        linux.prctl(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.addressof(self._header))


# --- the search tree ------------------------------------------------------------------------------------------------


def _leaves(
    actions: _Actions, default: list[_Instruction], further: Mapping[int, list[_Instruction]]
) -> list[tuple[int, list[_Instruction]]]:
    """Return (first number, what to do from there on), sorted, neighbours that do the same joined."""
    starts: dict[int, list[_Instruction]] = {0: default}
    for number in sorted(actions):
        starts[number] = actions[number]
        starts.setdefault(number + 1, default)
        if number + 1 in actions:
            starts[number + 1] = actions[number + 1]
    starts |= further
    joined: list[tuple[int, list[_Instruction]]] = []
    for number in sorted(starts):
        if number >= 0 and (not joined or joined[-1][1] != starts[number]):
            joined.append((number, starts[number]))
    return joined


def _tree(leaves: list[tuple[int, list[_Instruction]]]) -> list[_Instruction]:
    """Find the leaf of a number by halving; a jump reaches 255 instructions, farther it needs a second one."""
    if len(leaves) == 1:
        return leaves[0][1]
    middle = len(leaves) // 2
    low, high = _tree(leaves[:middle]), _tree(leaves[middle:])
    first = leaves[middle][0]
    if len(low) <= _FARTHEST:
        return [(_AT_LEAST, len(low), 0, first), *low, *high]
    return [(_AT_LEAST, 0, 1, first), (_GO, 0, 0, len(low)), *low, *high]


def _permits(column: int, *tables: Table) -> _Actions:
    return {number[column]: [_PERMIT] for table in tables for number in table.values() if number[column] != MISSING}


# --- what an argument must be ---------------------------------------------------------------------------------------


def _when_no_bit(index: int, mask: int) -> list[_Instruction]:
    return [_argument(index), (_AND, 0, 0, mask), (_EQUAL, 0, 1, 0), _PERMIT, _REFUSE]


def _when_any_bit(index: int, mask: int) -> list[_Instruction]:
    return [_argument(index), (_AND, 0, 0, mask), (_EQUAL, 0, 1, 0), _REFUSE, _PERMIT]


def _when_equal(index: int, *values: int) -> list[_Instruction]:
    compares = [(_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [_argument(index), *compares, _REFUSE, _PERMIT]


def _unless_equal(index: int, *values: int) -> list[_Instruction]:
    compares = [(_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [_argument(index), *compares, _PERMIT, _REFUSE]


def _reading_limits_only() -> list[_Instruction]:
    """The new limits of prlimit, a pointer, must be null."""
    return [
        _argument(2),
        (_EQUAL, 0, 3, 0),
        _argument(2, upper=True),
        (_EQUAL, 0, 1, 0),
        _PERMIT,
        _REFUSE,
    ]


def _argument(index: int, *, upper: bool = False) -> _Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS_OFFSET + 8 * index + 4 * upper)


def _same_architecture() -> list[_Instruction]:
    """Refuse foreign calling conventions, then load the number of the call."""
    architecture, _ = _MACHINES[platform.machine()]
    return [
        (_LOAD, 0, 0, _ARCHITECTURE_OFFSET),
        (_EQUAL, 1, 0, architecture),
        _REFUSE,
        (_LOAD, 0, 0, _NUMBER_OFFSET),
    ]


def _column() -> int:
    if not supported():
        raise OSError(errno.ENOSYS, f"no system call table for {platform.machine()}")
    return _MACHINES[platform.machine()][1]
