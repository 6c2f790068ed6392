"""The problem loads, its seed is valid, and its judge refuses nonsense."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_problem_passes_its_check() -> None:
    """Run `evolve check` on this folder."""
    command = [sys.executable, "-m", "evolve", "check", str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
