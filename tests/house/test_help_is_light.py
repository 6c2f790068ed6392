"""Asking for help costs nothing heavy."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"openai", "anthropic", "deap", "cma", "scipy", "matplotlib", "dask", "plotly", "sklearn"}

SHOW_MODULES = """
import sys
from evolve.cli import main
sys.argv = ["evolve", "--help"]
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
print("MODULES", *{name.partition(".")[0] for name in sys.modules})
"""


def test_help_imports_no_model_client_and_no_numerical_giant() -> None:
    done = subprocess.run([sys.executable, "-c", SHOW_MODULES], capture_output=True, text=True, timeout=60, check=True)
    help_text, _, modules = done.stdout.partition("MODULES")
    assert "Usage" in help_text
    assert not HEAVY & set(modules.split())
