"""What living processes have used, read from a /proc that shows only the zygote and its one candidate."""

from __future__ import annotations

import contextlib
import os

__all__ = ["usage_of_others"]

_ZYGOTE = "1"
_PEAK_MEMORY = "VmHWM:"


def usage_of_others(processes: int, candidate: int) -> tuple[float, int]:
    """Return what all processes that a candidate started have used so far, those that it has waited for excepted.

    Args:
        processes: descriptor of the /proc, or -1: then nothing is known, and nothing counts.
        candidate: process id of the candidate itself, which does not count either.

    Returns:
        CPU seconds of all together, and the largest peak of resident memory of one, bytes.
    """
    if processes < 0:
        return 0.0, 0
    ticks = peak = 0
    for name in os.listdir(processes):
        if name.isdigit() and name not in (_ZYGOTE, str(candidate)):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                ticks += sum(map(int, _read(processes, f"{name}/stat").rpartition(")")[2].split()[11:15]))
                peak = max(peak, _peak_bytes(_read(processes, f"{name}/status")))
    return ticks / os.sysconf("SC_CLK_TCK"), peak


def _peak_bytes(status: str) -> int:
    return next((int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith(_PEAK_MEMORY)), 0)


def _read(processes: int, name: str) -> str:
    with open(
        name, encoding="utf-8", errors="replace", opener=lambda path, flags: os.open(path, flags, dir_fd=processes)
    ) as file:
        return file.read()
