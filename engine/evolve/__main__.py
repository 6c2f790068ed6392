"""`python -m evolve` is the command `evolve`."""

from __future__ import annotations

import sys

from evolve.cli import main

sys.exit(main())
