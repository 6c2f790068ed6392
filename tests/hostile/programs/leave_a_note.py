"""expect: ok"""

import os
import tempfile


def solve():
    written = []
    for folder in (".", "/tmp", "/dev/shm", "/var/tmp", os.path.expanduser("~")):
        try:
            with open(os.path.join(folder, "evolve-note"), "w") as file:
                written.append(file.name)
        except OSError:
            pass
    assert not written, written
    try:
        tempfile.mkdtemp()
    except OSError:
        return 2.0
