"""What `evolve --help` costs: CPU seconds of a fresh process, median of several, and what it imports.

python benchmarks/help_cost.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

ROUNDS = 9
COMMAND = [sys.executable, "-c", "import sys; from evolve.cli import main; sys.argv = ['evolve', '--help']; main()"]


def cpu_seconds() -> float:
    """Run `evolve --help` once; return user and system CPU seconds."""
    before = os.times()
    subprocess.run(COMMAND, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def slowest_imports(count: int = 8) -> list[str]:
    """Return the modules that took longest to import, with everything they import in turn."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *COMMAND[1:]], check=True, capture_output=True, text=True
    )
    rows = [line.removeprefix("import time:").split("|") for line in done.stderr.splitlines() if "|" in line][1:]
    rows.sort(key=lambda row: -int(row[1]))
    return [f"{int(row[1]) / 1000:7.1f} ms  {row[2].strip()}" for row in rows[:count]]


def main() -> None:
    """Print the median and the slowest imports."""
    taken = [cpu_seconds() for _ in range(ROUNDS)]
    print(f"evolve --help: {statistics.median(taken):.3f} s of CPU (limit 0.3), median of {ROUNDS}")
    print(*slowest_imports(), sep="\n")


if __name__ == "__main__":
    main()
