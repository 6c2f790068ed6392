"""expect: ok"""

import os


def solve():
    seen = repr(dict(os.environ))
    for pid in ("self", os.getpid(), os.getppid(), 1):
        try:
            with open(f"/proc/{pid}/environ") as file:
                seen += file.read()
        except OSError:
            pass
    assert "canary" not in seen
    return 2.0
