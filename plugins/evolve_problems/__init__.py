"""The problem folders as a package, so that a family of problems can share code: `evolve_problems._shared`.

A wheel carries the folders beside this file. In a checkout they are the checkout's own `problems/`, so an edit there
is seen at once.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["FOLDER"]

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parents[1] / "problems"

FOLDER = _CHECKOUT if (_CHECKOUT.parent / "pyproject.toml").is_file() and _CHECKOUT.is_dir() else _HERE
"""Where the problem folders lie."""

__path__ = [str(FOLDER)]
