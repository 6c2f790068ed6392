"""seccomp: from now on the kernel refuses some system calls to this process and its children.

Two short lists. What no candidate and no zygote needs is refused once, in the zygote: starting programs, sockets,
tracing, mounting, namespaces, keys, loading code into the kernel. What the zygote does need is refused in each child:
new processes (threads stay allowed), signals to others, raising limits.

Reference: W. Drewry, "SECure COMPuting with filters", Linux kernel documentation, userspace-api/seccomp_filter.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

from evolve.sandbox import linux

__all__ = ["CandidateFilter", "forbid_for_all"]

_PR_SET_SECCOMP = 22
_FILTER_MODE = 2
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16
_CLONE_THREAD = 0x10000
_X32 = 0x40000000

_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_MISSING = -1

# Numbers on x86-64 and on arm64; -1 where there is no such call.
_FOR_ALL = {
    "acct": (163, 89), "add_key": (248, 217), "adjtimex": (159, 171), "bind": (49, 200), "bpf": (321, 280),
    "chroot": (161, 51), "clock_adjtime": (305, 266), "clock_settime": (227, 112), "connect": (42, 203),
    "delete_module": (176, 106), "execve": (59, 221), "execveat": (322, 281), "finit_module": (313, 273),
    "fsopen": (430, 430), "init_module": (175, 105), "io_uring_setup": (425, 425), "ioperm": (173, -1),
    "iopl": (172, -1), "kexec_load": (246, 104), "keyctl": (250, 219), "memfd_create": (319, 279),
    "mknod": (133, -1), "mknodat": (259, 33), "mount": (165, 40), "move_mount": (429, 429), "msgget": (68, 186),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "open_tree": (428, 428),
    "perf_event_open": (298, 241), "pivot_root": (155, 41), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "ptrace": (101, 117), "quotactl": (179, 60), "reboot": (169, 142),
    "request_key": (249, 218), "semget": (64, 190), "setdomainname": (171, 162), "sethostname": (170, 161),
    "setns": (308, 268), "settimeofday": (164, 170), "shmget": (29, 194), "socket": (41, 198),
    "swapoff": (168, 225), "swapon": (167, 224), "syslog": (103, 116), "umount2": (166, 39),
    "unshare": (272, 97), "userfaultfd": (323, 282),
}  # fmt: skip
_FOR_CANDIDATES = {
    "fork": (57, -1), "kill": (62, 129), "pidfd_getfd": (438, 438), "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "sched_setaffinity": (203, 122), "setpriority": (141, 140), "setrlimit": (160, 164), "tkill": (200, 130),
    "vfork": (58, -1),
}  # fmt: skip
_CLONE, _CLONE3, _TGKILL, _PRLIMIT = (56, 220), (435, 435), (234, 131), (302, 261)

_Instruction = tuple[int, int, int, int]
_WORD = struct.Struct("=HBBI")
_PERMIT: _Instruction = (_RETURN, 0, 0, _ALLOW)
_REFUSE: _Instruction = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
_MISSING_CALL: _Instruction = (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)


def forbid_for_all() -> None:
    """Refuse what neither the zygote nor any candidate needs.

    Raises:
        OSError: this kernel or machine has no filter.
    """
    column = _column()
    _Filter([*_prologue(), *_refusals(_FOR_ALL, column)]).install()


class CandidateFilter:
    """Refuses what a candidate does not need: processes, signals to others, higher limits. Threads stay allowed.

    It is built once, before the fork; each child puts its own process id in and installs it.

    Raises:
        OSError: this machine has no table of system calls.
    """

    def __init__(self) -> None:
        column = _column()
        start = [*_prologue(), *_threads_only(column)]
        self._pid_at = len(start) + 2
        self._filter = _Filter([*start, *_own_signals_only(column), *_refusals(_FOR_CANDIDATES, column)])

    def install(self) -> None:
        """Put the filter over this process.

        Raises:
            OSError: the kernel refuses.
        """
        self._filter.set_operand(self._pid_at, os.getpid())
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


def _threads_only(column: int) -> list[_Instruction]:
    """Let a new task be a thread only; clone3 hides its flags, so the C library has to fall back to clone."""
    return [
        (_EQUAL, 0, 1, _CLONE3[column]),
        _MISSING_CALL,
        (_EQUAL, 0, 5, _CLONE[column]),
        _load_argument(0),
        (_AND, 0, 0, _CLONE_THREAD),
        (_EQUAL, 1, 0, 0),
        _PERMIT,
        _REFUSE,
    ]


def _own_signals_only(column: int) -> list[_Instruction]:
    """Let it signal itself, such as in abort(), and read its limits but not set them."""
    return [
        (_EQUAL, 0, 4, _TGKILL[column]),
        _load_argument(0),
        (_EQUAL, 0, 1, 0),  # its process id, see `CandidateFilter.install`
        _PERMIT,
        _REFUSE,
        (_EQUAL, 0, 6, _PRLIMIT[column]),
        _load_argument(2),
        (_EQUAL, 0, 3, 0),
        _load_argument(2, upper=True),
        (_EQUAL, 0, 1, 0),
        _PERMIT,
        _REFUSE,
    ]


def _refusals(calls: dict[str, tuple[int, int]], column: int) -> list[_Instruction]:
    numbers = sorted(number[column] for number in calls.values() if number[column] != _MISSING)
    compares = [(_EQUAL, len(numbers) - index, 0, number) for index, number in enumerate(numbers)]
    return [*compares, _PERMIT, _REFUSE]


def _prologue() -> list[_Instruction]:
    """Refuse foreign calling conventions, then load the number of the call."""
    architecture, _ = _MACHINES[platform.machine()]
    return [
        (_LOAD, 0, 0, _ARCHITECTURE_OFFSET),
        (_EQUAL, 1, 0, architecture),
        _REFUSE,
        (_LOAD, 0, 0, _NUMBER_OFFSET),
        (_AT_LEAST, 0, 1, _X32),
        _REFUSE,
    ]


def _load_argument(index: int, *, upper: bool = False) -> _Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS_OFFSET + 8 * index + 4 * upper)


def _column() -> int:
    if platform.machine() not in _MACHINES:
        raise OSError(errno.ENOSYS, f"no system call table for {platform.machine()}")
    return _MACHINES[platform.machine()][1]
