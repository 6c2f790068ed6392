"""System calls by name: their numbers on x86-64 and on arm64, -1 where there is no such call.

The arm64 column follows the kernel's generic table and has not been run.
"""

from __future__ import annotations

__all__ = ["EVERYDAY", "MISSING", "NEWEST", "PROCESSES", "WRITING", "ZYGOTE", "Table"]

Table = dict[str, tuple[int, int]]
MISSING = -1
NEWEST = 467
"""The newest call of this table's time; what is above does not exist, as far as a candidate can tell."""

EVERYDAY: Table = {
    "access": (21, -1), "alarm": (37, -1), "arch_prctl": (158, -1), "brk": (12, 214), "capget": (125, 90),
    "chdir": (80, 49), "clock_getres": (229, 114), "clock_gettime": (228, 113), "clock_nanosleep": (230, 115),
    "close": (3, 57), "close_range": (436, 436), "copy_file_range": (326, 285), "dup": (32, 23), "dup2": (33, -1),
    "dup3": (292, 24), "epoll_create": (213, -1), "epoll_create1": (291, 20), "epoll_ctl": (233, 21),
    "epoll_pwait": (281, 22), "epoll_pwait2": (441, 441), "epoll_wait": (232, -1), "eventfd": (284, -1),
    "eventfd2": (290, 19), "exit": (60, 93), "exit_group": (231, 94), "faccessat": (269, 48),
    "faccessat2": (439, 439), "fadvise64": (221, 223), "fchdir": (81, 50), "fcntl": (72, 25), "flock": (73, 32),
    "fstat": (5, 80), "fstatfs": (138, 44), "futex": (202, 98), "futex_waitv": (449, 449), "getcpu": (309, 168),
    "getcwd": (79, 17), "getdents": (78, -1), "getdents64": (217, 61), "getegid": (108, 177), "geteuid": (107, 175),
    "getgid": (104, 176), "getgroups": (115, 158), "getitimer": (36, 102), "getpeername": (52, 205),
    "getpgid": (121, 155), "getpgrp": (111, -1), "getpid": (39, 172), "getppid": (110, 173), "getpriority": (140, 141),
    "getrandom": (318, 278), "getresgid": (120, 150), "getresuid": (118, 148), "getrlimit": (97, 163),
    "get_robust_list": (274, 100), "getrusage": (98, 165), "getsid": (124, 156), "getsockname": (51, 204),
    "getsockopt": (55, 209), "gettid": (186, 178), "gettimeofday": (96, 169), "getuid": (102, 174), "ioctl": (16, 29),
    "lseek": (8, 62), "lstat": (6, -1), "madvise": (28, 233), "membarrier": (324, 283), "mincore": (27, 232),
    "mmap": (9, 222), "mprotect": (10, 226), "mremap": (25, 216), "msync": (26, 227), "munmap": (11, 215),
    "nanosleep": (35, 101), "newfstatat": (262, 79), "open": (2, -1), "openat": (257, 56), "pause": (34, -1),
    "pipe": (22, -1), "pipe2": (293, 59), "poll": (7, -1), "ppoll": (271, 73), "prctl": (157, 167),
    "pread64": (17, 67), "preadv": (295, 69), "preadv2": (327, 286), "prlimit64": (302, 261), "pselect6": (270, 72),
    "pwrite64": (18, 68), "pwritev": (296, 70), "pwritev2": (328, 287), "read": (0, 63), "readlink": (89, -1),
    "readlinkat": (267, 78), "readv": (19, 65), "recvfrom": (45, 207), "recvmsg": (47, 212),
    "restart_syscall": (219, 128), "rseq": (334, 293), "rt_sigaction": (13, 134), "rt_sigpending": (127, 136),
    "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigsuspend": (130, 133), "rt_sigtimedwait": (128, 137),
    "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126), "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121), "sched_getscheduler": (145, 120), "sched_yield": (24, 124), "select": (23, -1),
    "sendfile": (40, 71), "sendmsg": (46, 211), "sendto": (44, 206), "set_robust_list": (273, 99),
    "set_tid_address": (218, 96), "setitimer": (38, 103), "setpgid": (109, 154), "setsid": (112, 157),
    "setsockopt": (54, 208), "shutdown": (48, 210), "sigaltstack": (131, 132), "stat": (4, -1), "statfs": (137, 43),
    "statx": (332, 291), "sysinfo": (99, 179), "tgkill": (234, 131), "time": (201, -1), "timer_create": (222, 107),
    "timer_delete": (226, 111), "timer_getoverrun": (225, 109), "timer_gettime": (224, 108),
    "timer_settime": (223, 110), "times": (100, 153), "umask": (95, 166), "uname": (63, 160), "wait4": (61, 260),
    "waitid": (247, 95), "write": (1, 64), "writev": (20, 66),
}  # fmt: skip
"""What interpreters and libraries use all day: own memory, threads' locks, clocks, reading, open descriptors."""

WRITING: Table = {
    "chmod": (90, -1), "creat": (85, -1), "fallocate": (285, 47), "fchmod": (91, 52), "fchmodat": (268, 53),
    "fchmodat2": (452, 452), "fdatasync": (75, 83), "fsync": (74, 82), "ftruncate": (77, 46), "link": (86, -1),
    "linkat": (265, 37), "mkdir": (83, -1), "mkdirat": (258, 34), "rename": (82, -1), "renameat": (264, 38),
    "renameat2": (316, 276), "rmdir": (84, -1), "symlink": (88, -1), "symlinkat": (266, 36), "truncate": (76, 45),
    "unlink": (87, -1), "unlinkat": (263, 35), "utimensat": (280, 88),
}  # fmt: skip
"""What changes folders; of use only where there is a scratch folder."""

PROCESSES: Table = {
    "execve": (59, 221), "fchown": (93, 55), "fchownat": (260, 54), "fork": (57, -1), "sched_setaffinity": (203, 122),
    "signalfd4": (289, 74), "tkill": (200, 130), "vfork": (58, -1),
}  # fmt: skip
"""What compilers, shells and other interpreters need beside."""

ZYGOTE: Table = {
    "capset": (126, 91), "kill": (62, 129), "landlock_add_rule": (445, 445), "landlock_create_ruleset": (444, 444),
    "landlock_restrict_self": (446, 446), "mount": (165, 40), "pidfd_open": (434, 434), "setgroups": (116, 159),
    "setns": (308, 268), "setresgid": (119, 149), "setresuid": (117, 147), "setrlimit": (160, 164),
    "unshare": (272, 97),
}  # fmt: skip
"""What the zygote needs to make candidates, and candidates may not use."""
