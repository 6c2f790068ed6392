"""expect: ok"""

import os


def solve():
    found = []
    for pid in ("self", "thread-self", "1", str(os.getppid()), str(os.getpid())):
        for name in ("environ", "mem", "root/etc/passwd", "cwd/..", "maps", "cmdline", "fd/4", "oom_score_adj"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as file:
                    found.append((name, file.read(64)))
            except OSError:
                continue
    for name in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/self/uid_map", "/proc/kcore"):
        try:
            with open(name, "r+b"):
                found.append((name, b"open"))
        except OSError:
            continue
    assert not found, found
    return 2.0
